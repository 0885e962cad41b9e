package store

// table is one that holds what the service knows, as a copy and a digest read it.
type table struct {
	name    string
	columns []string
	key     string // the order of its rows, in which no two are equal; "" for that of the file
	from    string // where its rows are read, if not simply from the table
}

// tables are all but the leases, which mean nothing elsewhere, and goose's own. What refers
// comes after what it refers to, but for the circles of certificates in use.
var tables = []table{
	{name: "account", key: "id", columns: []string{"id", "email", "password_hash", "role", "created_at"}},
	{name: "session", key: "id", columns: []string{"id", "token_hash", "account_id", "browser", "address", "user_agent", "created_at",
		"last_seen_at", "expires_at"}},
	{name: "issuer_chain", key: "id", columns: []string{"id", "fingerprint", "der"}},
	{name: "authority", key: "id", columns: []string{"id", "enabled", "csr", "common_name", "key", "sealed_key",
		"not_after", "path_len", "constraints", "predecessor_id", "certificate_id", "names_crl", "names_ocsp", "names_issuer",
		"crl_shards", "crl_number", "crl_base", "created_at", "deleted_at", "key_known_outside"}},
	{name: "crl", key: "authority_id, shard", columns: []string{"authority_id", "shard", "known", "number",
		"this_update", "next_update", "revocations", "der"}},
	{name: "crl_shard", key: "authority_id, shard, url", columns: []string{"authority_id", "shard", "url"}},
	{name: "profile", key: "id", columns: []string{"id", "name", "version", "builtin", "created_at", "updated_at", "deleted_at"}},
	{name: "profile_version", key: "profile_id, version", columns: []string{"profile_id", "version", "rules", "created_at"}},
	{name: "request", key: "id", columns: []string{"id", "fingerprint", "status", "requester_id", "email", "common_name",
		"names", "key", "search", "certificate_id", "authority_id", "not_after", "created_at", "updated_at", "rejection",
		"content", "findings"}},
	{name: "request_name", key: "name, request_id", columns: []string{"name", "request_id"}},
	{name: "request_csr", key: "request_id", columns: []string{"request_id", "csr"}},
	{name: "certificate", key: "id", columns: []string{"id", "request_id", "requester_id", "email", "authority_id",
		"issuer_chain_id", "common_name", "names", "key", "search", "key_fingerprint", "serial", "fingerprint",
		"not_before", "not_after", "profile", "profile_version", "shard", "created_at", "name_set", "replaced_by"}},
	{name: "certificate_name", key: "name, certificate_id", columns: []string{"name", "certificate_id"}},
	{name: "certificate_der", key: "certificate_id", columns: []string{"certificate_id", "der"}},
	{name: "certificate_lint", key: "certificate_id", columns: []string{"certificate_id", "findings"}},
	{name: "responder", key: "authority_id", columns: []string{"authority_id", "certificate_id", "sealed_key"}},
	{name: "revocation", key: "id", columns: []string{"id", "authority_id", "certificate_id", "shard", "serial", "revoked_at",
		"reason", "listed_until", "invalidity_date", "hold_instruction"}},
	{name: "compromised_key", key: "fingerprint", columns: []string{"fingerprint", "reported_at"}},
	{name: "outside_key", key: "fingerprint", columns: []string{"fingerprint"}},
	{name: "held_key", key: "fingerprint", columns: []string{"fingerprint", "authority_id", "responder"}},
	{name: "event", key: "id", columns: []string{"id", "at", "account_id", "email", "address", "kind", "action", "object_id", "detail"}},
	{name: "clock", key: "id", columns: []string{"id", "at", "boot", "uptime", "event_id", "stopped"}},
	{name: "agreement", key: "name", columns: []string{"name", "value"},
		from: "(SELECT name, value FROM agreement WHERE name <> '" + sealed + "') t"},
	// The slots of a counter are nobody's business but its engine's.
	{name: "counter", key: "name", columns: []string{"name", "slot", "value"},
		from: "(SELECT name, 0 AS slot, CAST(SUM(value) AS BIGINT) AS value FROM counter GROUP BY name HAVING SUM(value) <> 0) t"},
}

// source is where the rows of a table are read.
func (t table) source() string {
	if t.from != "" {
		return t.from
	}
	return t.name
}

func tableNames() []string {
	var names []string
	for _, t := range tables {
		names = append(names, t.name)
	}
	return names
}
