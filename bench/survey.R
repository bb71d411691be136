# Seconds that R's survey package takes for the shares of `questions` in `domains`, one line on the standard output.
# Rscript bench/survey.R FILE: columns h (stratum), N (its population), w (weight), d (domain), q1, q2...
suppressPackageStartupMessages(library(survey))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
design <- svydesign(ids = ~1, strata = ~h, weights = ~w, fpc = ~N, data = data)
questions <- grep("^q", names(data), value = TRUE)
domains <- head(sort(unique(data$d)), 5)
started <- proc.time()[["elapsed"]]
for (k in domains) {
  part <- subset(design, d == k)
  for (q in questions) confint(svyciprop(as.formula(paste0("~", q)), part, method = "logit"))
}
cat(proc.time()[["elapsed"]] - started, length(domains) * length(questions), "\n")
