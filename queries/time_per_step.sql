-- How fast each run was: its time, its steps and the seconds of one, the slowest first.
SELECT run, state, steps, seconds, seconds / nullif(steps, 0) AS seconds_per_step, host
FROM runs WHERE seconds IS NOT NULL ORDER BY seconds_per_step DESC NULLS LAST, run
