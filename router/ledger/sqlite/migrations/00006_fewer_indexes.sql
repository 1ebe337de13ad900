-- Tables by their keys, so that a row is one entry instead of two, and no indexes on times
-- that the ids begin with.

-- +goose Up
ALTER TABLE anysms_messages RENAME TO anysms_messages_old;
CREATE TABLE anysms_messages (
	id                 TEXT PRIMARY KEY,
	namespace          TEXT NOT NULL,
	ref                TEXT NOT NULL,
	status             TEXT NOT NULL,
	code               TEXT NOT NULL,
	reason             TEXT NOT NULL,
	recipient          TEXT NOT NULL,
	sender             TEXT NOT NULL,
	body               TEXT NOT NULL,
	class              TEXT NOT NULL,
	tag                TEXT NOT NULL,
	country            TEXT NOT NULL,
	provider           TEXT NOT NULL,
	provider_id        TEXT NOT NULL,
	encoding           TEXT NOT NULL,
	segments           BIGINT NOT NULL,
	cost_micros        BIGINT NOT NULL,
	cost_currency      TEXT NOT NULL,
	cost_estimated     BIGINT NOT NULL,
	duplicate_possible BIGINT NOT NULL,
	ignored            TEXT NOT NULL,
	created_at         BIGINT NOT NULL,
	updated_at         BIGINT NOT NULL,
	last_attempt_at    BIGINT NOT NULL,
	concluded          TEXT NOT NULL,
	cancelled          BIGINT NOT NULL,
	tombstone          TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
INSERT INTO anysms_messages (id, namespace, ref, status, code, reason, recipient, sender, body, class, tag, country, provider, provider_id,
	encoding, segments, cost_micros, cost_currency, cost_estimated, duplicate_possible, ignored, created_at,
	updated_at, last_attempt_at, concluded, cancelled, tombstone)
	SELECT id, namespace, ref, status, code, reason, recipient, sender, body, class, tag, country, provider, provider_id,
	encoding, segments, cost_micros, cost_currency, cost_estimated, duplicate_possible, ignored, created_at,
	updated_at, last_attempt_at, concluded, cancelled, tombstone FROM anysms_messages_old;
DROP TABLE anysms_messages_old;
CREATE INDEX anysms_messages_ref ON anysms_messages (ref, id) WHERE ref <> '';
CREATE INDEX anysms_messages_recipient ON anysms_messages (recipient, id);
CREATE INDEX anysms_messages_status ON anysms_messages (status, id);
CREATE INDEX anysms_messages_text ON anysms_messages (last_attempt_at) WHERE body <> '';

ALTER TABLE anysms_attempts RENAME TO anysms_attempts_old;
CREATE TABLE anysms_attempts (
	id           TEXT PRIMARY KEY,
	message      TEXT NOT NULL,
	owner        TEXT NOT NULL,
	run          TEXT NOT NULL,
	provider     TEXT NOT NULL,
	outcome      TEXT NOT NULL,
	settled      TEXT NOT NULL,
	contradicted BIGINT NOT NULL,
	code         TEXT NOT NULL,
	vendor_code  TEXT NOT NULL,
	reason       TEXT NOT NULL,
	provider_id  TEXT NOT NULL,
	started_at   BIGINT NOT NULL,
	duration_us  BIGINT NOT NULL,
	reconciled   BIGINT NOT NULL,
	abandoned    BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO anysms_attempts (id, message, owner, run, provider, outcome, settled, contradicted, code, vendor_code, reason, provider_id,
	started_at, duration_us, reconciled, abandoned)
	SELECT id, message, owner, run, provider, outcome, settled, contradicted, code, vendor_code, reason, provider_id,
	started_at, duration_us, reconciled, abandoned FROM anysms_attempts_old;
DROP TABLE anysms_attempts_old;
CREATE INDEX anysms_attempts_message ON anysms_attempts (message);
CREATE INDEX anysms_attempts_provider_id ON anysms_attempts (provider_id, provider, started_at) WHERE provider_id <> '';
CREATE INDEX anysms_attempts_under_way ON anysms_attempts (message) WHERE outcome = '';

ALTER TABLE anysms_claims RENAME TO anysms_claims_old;
CREATE TABLE anysms_claims (
	namespace   TEXT NOT NULL,
	ref         TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	message     TEXT NOT NULL,
	owner       TEXT NOT NULL,
	run         TEXT NOT NULL,
	keep_until  BIGINT NOT NULL,
	PRIMARY KEY (namespace, ref)
) WITHOUT ROWID;
INSERT INTO anysms_claims (namespace, ref, fingerprint, message, owner, run, keep_until)
	SELECT namespace, ref, fingerprint, message, owner, run, keep_until FROM anysms_claims_old;
DROP TABLE anysms_claims_old;
CREATE INDEX anysms_claims_message ON anysms_claims (message);

-- +goose Down
CREATE INDEX anysms_messages_created ON anysms_messages (created_at);
CREATE INDEX anysms_attempts_started ON anysms_attempts (started_at);
