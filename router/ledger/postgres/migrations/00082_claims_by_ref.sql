-- Claims are looked for by their refs. While the server has no statistics of the table, it
-- takes the first column of an index for the one that narrows most: with the namespace
-- there, which all of them share, it read every claim.

-- +goose Up
ALTER TABLE anysms_claims DROP CONSTRAINT anysms_claims_pkey, ADD PRIMARY KEY (ref, namespace);

-- +goose Down
ALTER TABLE anysms_claims DROP CONSTRAINT anysms_claims_pkey, ADD PRIMARY KEY (namespace, ref);
