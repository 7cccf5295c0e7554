-- SPDX-License-Identifier: Apache-2.0
-- A worker's identity names its host, so that hosts with workers of the same names leave each
-- other's alone. Workers from before this migration have an empty host: they are on this one.
-- The lease in wall time is for observers in another boot; here the monotonic one decides.
ALTER TABLE worker ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE worker ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;
