-- What drivers keep of firewalls whose clouds keep too little of them.

CREATE TABLE documents (
  name TEXT PRIMARY KEY,
  document TEXT NOT NULL
);
