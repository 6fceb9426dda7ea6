-- Names of documents are in the order of their bytes, so that the primary key finds all that begin alike. PostgreSQL alone reads this:
-- SQLite has all texts in that order.

ALTER TABLE documents ALTER COLUMN name TYPE TEXT COLLATE "C";
