-- How much the seed matters beside the configuration, of the objective that the runs declare.
WITH last AS (
  SELECT run, sweep, config_id, objective_metric AS metric, arg_max(value, step) AS value
  FROM metrics_long JOIN runs USING (run)
  WHERE metric = objective_metric AND state IN ('done', 'stopped') GROUP BY ALL
), spread AS (
  SELECT sweep, metric, avg(value) AS mean, stddev_samp(value) AS sd, count(*) AS seeds
  FROM last WHERE isfinite(value) GROUP BY sweep, metric, config_id
)
SELECT sweep, metric, count(*) AS configurations, sum(seeds) AS runs,
  avg(sd) AS sd_within_configurations, stddev_samp(mean) AS sd_between_configurations
FROM spread GROUP BY sweep, metric ORDER BY sweep, metric
