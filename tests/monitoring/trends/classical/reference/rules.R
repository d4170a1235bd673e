# Independent check of the classical rules, in base R. Nothing of Leadtime is used.
# Run from this directory: Rscript rules.R    (stored output: R 4.2.2)
#
# rules.csv: synthetic series, one row a draw, with the statistic of each rule as known at that draw.
# A segment is treated as a series of its own, which is what a re-base means for these rules.

sigma <- 0.19
mu <- log(2.2)
tau <- 0.6
options(digits = 17)

factor_first <- function(n, error = 0.05) {
  chance <- function(c) {
    inside <- integrate(function(u) dnorm(u) * pnorm(c + u)^(n - 1), -Inf, Inf, rel.tol = 1e-11)$value
    1 - inside - error
  }
  uniroot(chance, c(0, 10), tol = 1e-12)$root
}

# z of the newest result given the earlier ones, by conditioning the joint normal distribution of all of them.
peb <- function(y) {
  n <- length(y)
  if (n == 1) return((y - mu) / sqrt(sigma^2 + tau^2))
  joint <- matrix(tau^2, n, n) + diag(sigma^2, n)
  weights <- solve(joint[-n, -n], joint[-n, n])
  expected <- mu + sum(weights * (y[-n] - mu))
  (y[n] - expected) / sqrt(joint[n, n] - sum(weights * joint[-n, n]))
}

prediction <- function(y) {
  n <- length(y)
  if (n < 4) return(NA)
  (y[n] - mean(y[-n])) / sqrt(sigma^2 + sigma^2 / (n - 1))
}

# The standard error that lm would have if the scatter were known.
log_slope <- function(day, y) {
  n <- length(y)
  recent <- day[n] - day <= 365
  if (sum(recent) < 2) return(NA)
  x <- day[recent]
  fit <- lm(y[recent] ~ x)
  design <- model.matrix(fit)
  unname(coef(fit)[2] / sqrt(sigma^2 * solve(crossprod(scale(design[, 2], scale = FALSE)))))[1]
}

value_slope <- function(day, y) {
  if (length(y) < 3) return(NA)
  unname(coef(lm(I(exp(y) / exp(mu)) ~ day))[2]) * 365.25
}

mann_kendall <- function(y) {
  y <- tail(y, 8)
  if (length(y) < 4) return(NA)
  if (length(unique(y)) == 1) return(0)
  unname(cor.test(seq_along(y), y, method = "kendall", exact = FALSE, continuity = TRUE)$statistic)
}

twice <- function(values, day, apart) {
  n <- length(values)
  back <- which(day[n] - day >= apart & seq_len(n) < n)
  if (length(back) == 0) return(NA)
  min(values[max(back):n])
}

segment_rows <- function(day, y) {
  n <- length(y)
  z <- sapply(seq_len(n), function(j) peb(y[1:j]))
  over_mean <- c(NA, sapply(seq_len(n)[-1], function(j) y[j] - mean(y[1:(j - 1)])))
  over_nadir <- c(NA, sapply(seq_len(n)[-1], function(j) y[j] - min(y[1:(j - 1)])))
  page <- Reduce(function(level, z) max(0, level + z - 0.5), z, 0, accumulate = TRUE)[-1]
  smooth <- Reduce(function(level, z) 0.3 * z + 0.7 * level, z, 0, accumulate = TRUE)[-1]
  j <- seq_len(n)
  data.frame(
    fixed_threshold = (y - mu) / sqrt(sigma^2 + tau^2),
    rcv_previous = c(NA, diff(y)) / (sqrt(2) * sigma),
    rcv_first = c(NA, sapply(j[-1], function(j) (y[j] - y[1]) / (factor_first(j) * sigma))),
    egtm_confirmed = sapply(j, function(j) twice(over_mean[1:j], day[1:j], 1)),
    nadir_confirmed = sapply(j, function(j) twice(over_nadir[1:j], day[1:j], 7)),
    prri = sapply(j, function(j) prediction(y[1:j])),
    peb = z,
    peb_confirmed = sapply(j, function(j) twice(z[1:j], day[1:j], 1)),
    ols_slope = sapply(j, function(j) value_slope(day[1:j], y[1:j])),
    log_slope = sapply(j, function(j) log_slope(day[1:j], y[1:j])),
    mann_kendall = sapply(j, function(j) mann_kendall(y[1:j])),
    cusum = page,
    ewma = smooth / sqrt(0.3 / 1.7 * (1 - 0.7^(2 * j)))
  )
}

set.seed(20)
cases <- 10
rows <- NULL
for (case in seq_len(cases)) {
  n <- 14
  day <- 20000 + cumsum(sample(c(3, 21, 42, 63, 91), n, replace = TRUE))
  rise <- if (case %% 2 == 0) pmax(0, seq_len(n) - 8) * 0.15 else 0
  value <- round(exp(rnorm(1, mu, tau) + rise + rnorm(n, 0, sigma)), 1)  # rounded, so that there are ties
  segment <- if (case %% 3 == 0) rep(1:2, c(6, n - 6)) else rep(1, n)
  for (part in unique(segment)) {
    inside <- segment == part
    found <- segment_rows(day[inside], log(value[inside]))
    rows <- rbind(rows, data.frame(case, segment = part, day = day[inside], value = value[inside], found))
  }
}
write.csv(rows, "rules.csv", row.names = FALSE, quote = FALSE, na = "")

results <- c(2, 3, 4, 5, 6, 8, 10, 15, 20, 40)
factors <- data.frame(results, factor = sapply(results, factor_first))
write.csv(factors, "factors.csv", row.names = FALSE, quote = FALSE)
