-- `sends` counts the calls that went out for a job; `sent_under` is the fence under which the last one was about to leave, kept
-- before it left. `in_doubt` is 1 when a call of an earlier attempt may have done something: whoever takes the job up looks for
-- what it did before it is made again.
ALTER TABLE jobs ADD COLUMN sends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN sent_under INTEGER;
ALTER TABLE jobs ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET sends = attempts, in_doubt = (state IN (2, 4) AND attempts > 0) WHERE state <> 3;
