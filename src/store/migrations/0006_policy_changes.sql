-- Each start asks for the last change of the policy; the trail may be long.
CREATE INDEX audit_policy_changes ON audit (workspace, seq) WHERE kind = 'policy_changed';
