-- What the vendors charge, beside the price by the rate card when a message was sent.

-- +goose Up
ALTER TABLE anysms_messages ADD COLUMN card_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE anysms_messages ADD COLUMN card_currency TEXT NOT NULL DEFAULT '';
ALTER TABLE anysms_attempts ADD COLUMN charged_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE anysms_attempts ADD COLUMN charged_currency TEXT NOT NULL DEFAULT '';
ALTER TABLE anysms_attempts ADD COLUMN card_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE anysms_attempts ADD COLUMN card_currency TEXT NOT NULL DEFAULT '';
UPDATE anysms_messages SET card_micros = cost_micros, card_currency = cost_currency WHERE cost_currency <> '' AND cost_estimated = 1;
UPDATE anysms_attempts SET charged_micros = m.cost_micros, charged_currency = m.cost_currency
	FROM anysms_messages m WHERE m.id = anysms_attempts.message AND m.provider = anysms_attempts.provider
	AND anysms_attempts.settled = 'accepted' AND m.cost_currency <> '' AND m.cost_estimated = 0;
UPDATE anysms_attempts SET card_micros = m.cost_micros, card_currency = m.cost_currency
	FROM anysms_messages m WHERE m.id = anysms_attempts.message AND m.provider = anysms_attempts.provider
	AND anysms_attempts.settled = 'accepted' AND m.cost_currency <> '' AND m.cost_estimated = 1;

-- +goose Down
ALTER TABLE anysms_attempts DROP COLUMN card_currency;
ALTER TABLE anysms_attempts DROP COLUMN card_micros;
ALTER TABLE anysms_attempts DROP COLUMN charged_currency;
ALTER TABLE anysms_attempts DROP COLUMN charged_micros;
ALTER TABLE anysms_messages DROP COLUMN card_currency;
ALTER TABLE anysms_messages DROP COLUMN card_micros;
