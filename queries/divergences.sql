-- Where numbers ended: the first step of each run at which a metric was NaN or infinite.
SELECT run, state, min(step) AS step, arg_min(metric, (step, metric)) AS metric, count(DISTINCT metric) AS metrics
FROM metrics_long JOIN runs USING (run)
WHERE NOT isfinite(value) GROUP BY run, state ORDER BY run
