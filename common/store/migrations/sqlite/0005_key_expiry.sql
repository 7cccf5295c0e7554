-- SPDX-License-Identifier: Apache-2.0
-- API keys that expire: by themselves, or because another one has taken their place. Null: never.
ALTER TABLE api_key ADD COLUMN expires_at INTEGER;
