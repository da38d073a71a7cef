-- The last value of every metric of every run.
SELECT run, metric, max(step) AS step, arg_max(value, step) AS last
FROM metrics_long GROUP BY run, metric ORDER BY run, metric
