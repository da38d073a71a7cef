-- Which learning rate for which rank: the objective at its end, the best of each rank, and what diverged (test/nll: 2.0 or more).
WITH last AS (
  SELECT run, arg_max(value, step) AS value FROM metrics_long JOIN runs USING (run) WHERE metric = objective_metric GROUP BY run
), ended AS (
  SELECT sweep, objective_metric AS metric, axes, value, CASE objective_goal WHEN 'maximize' THEN -value ELSE value END AS cost,
    state = 'diverged' OR NOT isfinite(value) OR (objective_metric = 'test/nll' AND value >= 2) AS is_diverged
  FROM last JOIN runs USING (run) WHERE state IN ('done', 'stopped', 'diverged')
), rates AS (
  SELECT sweep, metric, TRY_CAST(axes ->> 'lora_rank' AS BIGINT) AS lora_rank,
    TRY_CAST(axes ->> 'learning_rate' AS DOUBLE) AS learning_rate, avg(value) FILTER (NOT is_diverged) AS mean,
    stddev_samp(value) FILTER (NOT is_diverged) AS sd, count(*) AS seeds, count_if(is_diverged) AS diverged,
    -- A rate at which a seed diverges is none to take.
    CASE WHEN count_if(is_diverged) = 0 THEN avg(cost) END AS cost
  FROM ended GROUP BY sweep, metric, lora_rank, learning_rate
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY sweep, metric ORDER BY cost NULLS LAST, lora_rank, learning_rate) AS in_all,
    row_number() OVER (PARTITION BY sweep, metric, lora_rank ORDER BY cost NULLS LAST, learning_rate) AS in_rank
  FROM rates WHERE learning_rate IS NOT NULL
)
SELECT sweep, metric, lora_rank, learning_rate, mean, sd, seeds, diverged,
  CASE WHEN diverged = seeds THEN 'diverged' WHEN diverged > 0 THEN 'diverged in part' WHEN in_all = 1 THEN 'take this'
    WHEN in_rank = 1 THEN 'best of its rank' ELSE '' END AS verdict
FROM ranked ORDER BY sweep, metric, lora_rank, learning_rate
