-- Sums of the attempts by part, day, namespace, provider and country. A part is what the
-- ids of its attempts begin with. Its state is 'summed' while its sums are true.

-- +goose Up
CREATE TABLE anysms_sum_parts (
	part  TEXT PRIMARY KEY,
	state TEXT NOT NULL
);

CREATE TABLE anysms_sums (
	part             TEXT NOT NULL,
	day              BIGINT NOT NULL,
	namespace        TEXT NOT NULL,
	provider         TEXT NOT NULL,
	country          TEXT NOT NULL,
	charged_currency TEXT NOT NULL,
	card_currency    TEXT NOT NULL,
	attempts         BIGINT NOT NULL,
	accepted         BIGINT NOT NULL,
	refused          BIGINT NOT NULL,
	not_sent         BIGINT NOT NULL,
	unknown          BIGINT NOT NULL,
	under_way        BIGINT NOT NULL,
	delivered        BIGINT NOT NULL,
	failed           BIGINT NOT NULL,
	duration_us      BIGINT NOT NULL,
	charged_micros   BIGINT NOT NULL,
	card_micros      BIGINT NOT NULL,
	PRIMARY KEY (part, day, namespace, provider, country, charged_currency, card_currency)
);

-- +goose Down
DROP TABLE anysms_sums;
DROP TABLE anysms_sum_parts;
