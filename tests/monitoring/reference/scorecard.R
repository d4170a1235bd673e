# Independent check of the scorecard's intervals, in base R. Nothing of Leadtime is used.
# Run from this directory: Rscript scorecard.R    (stored output: R 4.2.2)
#
# scorecard_rates.csv: poisson.test (exact). scorecard_shares.csv: prop.test without continuity correction (Wilson).
# scorecard_medians.csv: order statistics by pbinom. scorecard_waits.csv: waiting times, some still waiting;
# scorecard_curve.csv: Kaplan-Meier by the product, Greenwood on the log-log scale; scorecard_wait_medians.csv: median
# and Brookmeyer-Crowley limits.

set.seed(47)
options(digits = 17)
save <- function(table, name) write.csv(table, name, row.names = FALSE, quote = FALSE)

rates <- expand.grid(count = c(0, 1, 4, 17, 230), years = c(20, 61.5, 2000))
ends <- t(mapply(function(count, years) poisson.test(count, years / 100)$conf.int, rates$count, rates$years))
save(cbind(rates, low = ends[, 1], high = ends[, 2]), "scorecard_rates.csv")

shares <- data.frame(count = c(0, 1, 5, 10, 9, 33, 200), of = c(10, 10, 10, 10, 14, 50, 201))
ends <- t(mapply(function(count, of) suppressWarnings(prop.test(count, of, correct = FALSE)$conf.int), shares$count, shares$of))
save(cbind(shares, low = ends[, 1], high = ends[, 2]), "scorecard_shares.csv")

# The highest rank from below with at most 2.5 % beyond it.
medians <- do.call(rbind, lapply(c(1:12, 25, 60, 100), function(n) {
  ranks <- Filter(function(rank) pbinom(rank - 1, n, 0.5) <= 0.025, seq_len(n %/% 2))
  rank <- if (length(ranks) > 0) max(ranks) else 0
  data.frame(n, low = rank, high = if (rank > 0) n + 1 - rank else 0)
}))
save(medians, "scorecard_medians.csv")

sets <- list(
  many = data.frame(time = round(rexp(80, 1 / 30), 1), ended = rbinom(80, 1, 0.75)),
  ties = data.frame(time = sample(c(2, 5, 9, 24, 48), 40, replace = TRUE), ended = rbinom(40, 1, 0.6)),
  all_ended = data.frame(time = round(rexp(9, 1 / 10), 1), ended = 1),
  few_ended = data.frame(time = round(rexp(30, 1 / 10), 1), ended = c(rep(1, 6), rep(0, 24)))
)
waits <- do.call(rbind, lapply(names(sets), function(name) cbind(set = name, sets[[name]])))
save(waits, "scorecard_waits.csv")

curve <- function(name) {
  one <- sets[[name]]
  still <- 1
  variance <- 0
  rows <- list()
  for (time in sort(unique(one$time[one$ended == 1]))) {
    risk <- sum(one$time >= time)
    over <- sum(one$time == time & one$ended == 1)
    still <- still * (risk - over) / risk
    variance <- variance + over / (risk * (risk - over))
    middle <- log(-log(still))
    half <- qnorm(0.975) * sqrt(variance) / abs(log(still))
    gone <- still == 0
    rows[[length(rows) + 1]] <- data.frame(
      set = name, time, share = still,
      low = if (gone) 0 else exp(-exp(middle + half)), high = if (gone) NA else exp(-exp(middle - half))
    )
  }
  do.call(rbind, rows)
}
curves <- do.call(rbind, lapply(names(sets), curve))
save(curves, "scorecard_curve.csv")

first <- function(times, below) if (any(below, na.rm = TRUE)) min(times[which(below)]) else Inf
save(do.call(rbind, lapply(split(curves, curves$set), function(one) data.frame(
  set = one$set[1],
  median = first(one$time, one$share <= 0.5 + 1e-12),
  low = first(one$time, one$low <= 0.5),
  high = first(one$time, one$high <= 0.5)
))), "scorecard_wait_medians.csv")
