-- Every metric: how many runs have logged it, how often, and its least and greatest value.
SELECT metric, count(DISTINCT run) AS runs, count(*) AS "values", min(value) AS least, max(value) AS greatest
FROM metrics_long GROUP BY metric ORDER BY metric
