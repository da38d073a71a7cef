-- The best run of each seed, by the last value of the objective that the runs declare.
WITH last AS (
  SELECT run, arg_max(value, step) AS value
  FROM metrics_long JOIN runs USING (run) WHERE metric = objective_metric GROUP BY run
), ranked AS (
  SELECT sweep, seed, run, objective_metric AS metric, value, axes,
    CASE objective_goal WHEN 'maximize' THEN -value ELSE value END AS cost
  FROM last JOIN runs USING (run) WHERE state IN ('done', 'stopped') AND isfinite(value)
)
SELECT sweep, seed, metric, value, run, axes FROM ranked
QUALIFY row_number() OVER (PARTITION BY sweep, seed, metric ORDER BY cost, run) = 1
ORDER BY sweep, seed, metric
