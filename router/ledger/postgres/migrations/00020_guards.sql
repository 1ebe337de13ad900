-- +goose Up
CREATE TABLE anysms_counters (
	key     TEXT PRIMARY KEY,
	level   BIGINT NOT NULL,
	ends_at BIGINT NOT NULL
);
CREATE INDEX anysms_counters_ends ON anysms_counters (ends_at);

CREATE TABLE anysms_reservations (
	id         TEXT PRIMARY KEY,
	keep_until BIGINT NOT NULL,
	shares     TEXT NOT NULL
);
CREATE INDEX anysms_reservations_keep ON anysms_reservations (keep_until);
