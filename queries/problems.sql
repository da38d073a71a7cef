-- Runs that need a look: failed, diverged, killed, interrupted or damaged, with what they say of it.
SELECT run, state, steps, total_steps, error_code, error
FROM runs WHERE state NOT IN ('done', 'stopped', 'running', 'pending') ORDER BY state, run
