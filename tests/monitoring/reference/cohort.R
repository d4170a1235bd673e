# Independent check of the cohort's medians and percentiles, in base R. Nothing of Leadtime is used.
# Run from this directory: Rscript cohort.R    (stored output: R 4.2.2)
#
# cohort_values.csv: synthetic values of 150 patients in three groups, of 21 with a change of assay, a seventh of the
# values below a limit, a few above one. cohort_courses.csv: per group and window of four weeks the patients with a
# value, and quantile(type = 7) of the patients' own medians, once with each limit at the least and once at the most
# that the value may be; in units and as multiples of the median up to the day.

set.seed(56)
options(digits = 17)

patients <- 150
values <- do.call(rbind, lapply(seq_len(patients) - 1, function(patient) {
  draws <- sample(1:16, 1)
  day <- sort(sample(-420:420, draws))
  value <- round(exp(rnorm(1, 1, 0.7) + rnorm(draws, 0, 0.3) + 0.001 * pmax(day, 0)), 2)
  censoring <- rep(0, draws)
  censoring[value < 1.6] <- -1
  value[value < 1.6] <- 1.6
  censoring[value > 14] <- 1
  value[value > 14] <- 14
  segment <- if (patient %% 7 == 3) as.integer(day > sample(-200:200, 1)) else rep(0, draws)
  data.frame(patient, group = c("a", "b", "c")[patient %% 3 + 1], day, value, censoring, segment)
}))
write.csv(values, "cohort_values.csv", row.names = FALSE, quote = FALSE)

# The windows by their edges, the earlier edge not in, the later one in.
edges <- seq(-52, 52, by = 4)
near <- values[values$day > -364 & values$day <= 364, ]
near$first <- as.integer(as.character(cut(near$day, edges * 7, labels = edges[-length(edges)])))
near$low <- ifelse(near$censoring == -1, 0, near$value)
near$high <- ifelse(near$censoring == 1, Inf, near$value)

same_method <- do.call(rbind, lapply(split(near, near$patient), function(one) {
  before <- one[one$day <= 0, ]
  method <- if (nrow(before) > 0) before$segment[nrow(before)] else one$segment[1]
  one[one$segment == method, ]
}))

multiples <- do.call(rbind, lapply(split(same_method, same_method$patient), function(one) {
  before <- one[one$day <= 0, ]
  if (nrow(before) == 0 || median(before$low) != median(before$high)) return(NULL)
  one$low <- one$low / median(before$low)
  one$high <- one$high / median(before$high)
  one
}))

courses <- function(rows, kind) {
  own <- aggregate(cbind(low, high) ~ patient + group + first, data = rows, FUN = median)
  do.call(rbind, lapply(split(own, list(own$group, own$first), drop = TRUE), function(cell) {
    at <- function(column, share) quantile(column, share, type = 7, names = FALSE)
    data.frame(
      kind, group = cell$group[1], first = cell$first[1], patients = nrow(cell),
      p10_low = at(cell$low, 0.1), p10_high = at(cell$high, 0.1),
      median_low = median(cell$low), median_high = median(cell$high),
      p90_low = at(cell$low, 0.9), p90_high = at(cell$high, 0.9)
    )
  }))
}

found <- rbind(courses(same_method, "units"), courses(multiples, "ratio"))
found <- found[order(found$kind, found$group, found$first), ]
write.csv(found, "cohort_courses.csv", row.names = FALSE, quote = FALSE)
cat(nrow(values), "values,", nrow(found), "cells,", sum(found$patients >= 5), "of five or more\n")
