-- +goose Up
CREATE TABLE anysms_meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

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
);
CREATE INDEX anysms_messages_ref ON anysms_messages (ref, id) WHERE ref <> '';
CREATE INDEX anysms_messages_recipient ON anysms_messages (recipient, id);
CREATE INDEX anysms_messages_status ON anysms_messages (status, id);
CREATE INDEX anysms_messages_created ON anysms_messages (created_at);
CREATE INDEX anysms_messages_text ON anysms_messages (last_attempt_at) WHERE body <> '';

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
);
CREATE INDEX anysms_attempts_message ON anysms_attempts (message);
CREATE INDEX anysms_attempts_started ON anysms_attempts (started_at);
CREATE INDEX anysms_attempts_provider_id ON anysms_attempts (provider_id, provider, started_at) WHERE provider_id <> '';
CREATE INDEX anysms_attempts_under_way ON anysms_attempts (message) WHERE outcome = '';

CREATE TABLE anysms_segments (
	provider_id TEXT NOT NULL,
	provider    TEXT NOT NULL,
	message     TEXT NOT NULL,
	PRIMARY KEY (provider_id, provider)
);
CREATE INDEX anysms_segments_message ON anysms_segments (message);

CREATE TABLE anysms_events (
	seq            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_key      TEXT NOT NULL UNIQUE,
	provider       TEXT NOT NULL,
	kind           TEXT NOT NULL,
	message        TEXT NOT NULL,
	attempt        TEXT NOT NULL,
	provider_id    TEXT NOT NULL,
	status         TEXT NOT NULL,
	final          BIGINT NOT NULL,
	segment        BIGINT NOT NULL,
	segment_of     BIGINT NOT NULL,
	segment_status TEXT NOT NULL,
	vendor_time    BIGINT NOT NULL,
	received_at    BIGINT NOT NULL,
	code           TEXT NOT NULL,
	vendor_status  TEXT NOT NULL,
	vendor_code    TEXT NOT NULL,
	peer           TEXT NOT NULL,
	detail         TEXT NOT NULL
);
CREATE INDEX anysms_events_message ON anysms_events (message) WHERE message <> '';
CREATE INDEX anysms_events_parked ON anysms_events (provider_id) WHERE message = '';
CREATE INDEX anysms_events_received ON anysms_events (received_at);
CREATE INDEX anysms_events_peer ON anysms_events (peer) WHERE peer <> '';

CREATE TABLE anysms_claims (
	namespace   TEXT NOT NULL,
	ref         TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	message     TEXT NOT NULL,
	owner       TEXT NOT NULL,
	run         TEXT NOT NULL,
	keep_until  BIGINT NOT NULL,
	PRIMARY KEY (namespace, ref)
);
CREATE INDEX anysms_claims_message ON anysms_claims (message);

CREATE TABLE anysms_optouts (
	number      TEXT NOT NULL,
	scope       TEXT NOT NULL,
	scope_value TEXT NOT NULL,
	source      TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (number, scope, scope_value)
);

CREATE TABLE anysms_cursors (
	name       TEXT PRIMARY KEY,
	value      TEXT NOT NULL,
	updated_at BIGINT NOT NULL
);

INSERT INTO anysms_meta (name, value) VALUES ('oldest_program', '1');

-- +goose Down
DROP TABLE anysms_cursors;
DROP TABLE anysms_optouts;
DROP TABLE anysms_claims;
DROP TABLE anysms_events;
DROP TABLE anysms_segments;
DROP TABLE anysms_attempts;
DROP TABLE anysms_messages;
DROP TABLE anysms_meta;
