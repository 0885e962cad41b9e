package store

// Table is a table whose rows are copied and hashed.
type Table struct {
	Name    string
	Columns []string
	Key     string // columns by which its rows are sorted; "" for no order
	From    string // subquery for its rows; "" for the whole table
}

// Tables lists all tables except leases and those filled by migrations (schema_compatibility and goose's own). A table
// comes after the tables that it references, except for the circular references to current certificates.
var Tables = []Table{
	{Name: "principal", Key: "id", Columns: []string{"id", "kind", "name", "created_at", "deleted_at"}},
	{Name: "account", Key: "id", Columns: []string{"id", "email", "role", "created_at"}},
	{Name: "password", Key: "account_id", Columns: []string{"account_id", "hash"}},
	{Name: "session", Key: "id", Columns: []string{"id", "token_hash", "account_id", "browser", "address", "user_agent",
		"created_at", "last_seen_at", "expires_at"}},
	{Name: "token", Key: "id", Columns: []string{"id", "creator_id", "name", "secret_hash", "secret_start", "grants",
		"ranges", "per_hour", "per_day", "created_at", "expires_at", "revoked_at", "last_used_at", "last_address", "hour",
		"hour_issued", "day", "day_issued", "hour_exceeded", "day_exceeded", "quota_exceeded_at"}},
	{Name: "account_group", Key: "id", Columns: []string{"id", "name", "created_at"}},
	{Name: "membership", Key: "group_id, account_id", Columns: []string{"group_id", "account_id"}},
	{Name: "access_grant", Key: "id", Columns: []string{"id", "principal_id", "group_id", "terms", "created_at"}},
	{Name: "issuer_chain", Key: "id", Columns: []string{"id", "fingerprint", "der"}},
	{Name: "authority", Key: "id", Columns: []string{"id", "enabled", "csr", "common_name", "key", "sealed_key",
		"not_after", "path_len", "constraints", "predecessor_id", "certificate_id", "names_crl", "names_ocsp",
		"names_issuer",
		"crl_shards", "crl_number", "crl_base", "created_at", "deleted_at", "key_known_outside"}},
	{Name: "crl", Key: "authority_id, shard", Columns: []string{"authority_id", "shard", "known", "number",
		"this_update", "next_update", "revocations", "der"}},
	{Name: "crl_shard", Key: "authority_id, shard, url", Columns: []string{"authority_id", "shard", "url"}},
	{Name: "profile", Key: "id", Columns: []string{"id", "name", "version", "builtin", "created_at", "updated_at",
		"deleted_at"}},
	{Name: "profile_version", Key: "profile_id, version",
		Columns: []string{"profile_id", "version", "rules", "created_at"}},
	{Name: "rule", Key: "id", Columns: []string{"id", "version", "active_version", "created_at", "deleted_at"}},
	{Name: "rule_version", Key: "rule_id, version", Columns: []string{"rule_id", "version", "terms", "created_at"}},
	{Name: "rule_set", Key: "id", Columns: []string{"id", "version"}},
	{Name: "request", Key: "id", Columns: []string{"id", "fingerprint", "status", "requester_id", "email",
		"common_name", "names", "key", "search", "certificate_id", "authority_id", "not_after", "created_at",
		"updated_at", "rejection", "content", "findings", "owner_group_id", "wishes", "note", "labels", "decision"}},
	{Name: "request_label", Key: "label, request_id", Columns: []string{"label", "request_id"}},
	{Name: "request_name", Key: "name, request_id", Columns: []string{"name", "request_id"}},
	{Name: "request_csr", Key: "request_id", Columns: []string{"request_id", "csr"}},
	{Name: "certificate", Key: "id", Columns: []string{"id", "request_id", "requester_id", "email", "authority_id",
		"issuer_chain_id", "common_name", "names", "key", "search", "key_fingerprint", "serial", "fingerprint",
		"not_before", "not_after", "profile", "profile_version", "shard", "created_at", "name_set", "replaced_by",
		"owner_group_id", "labels"}},
	{Name: "certificate_label", Key: "label, certificate_id", Columns: []string{"label", "certificate_id"}},
	{Name: "certificate_name", Key: "name, certificate_id", Columns: []string{"name", "certificate_id"}},
	{Name: "certificate_der", Key: "certificate_id", Columns: []string{"certificate_id", "der"}},
	{Name: "certificate_lint", Key: "certificate_id", Columns: []string{"certificate_id", "findings"}},
	{Name: "responder", Key: "authority_id", Columns: []string{"authority_id", "certificate_id", "sealed_key"}},
	{Name: "revocation", Key: "id", Columns: []string{"id", "authority_id", "certificate_id", "shard", "serial",
		"revoked_at", "reason", "listed_until", "invalidity_date", "hold_instruction"}},
	{Name: "compromised_key", Key: "fingerprint", Columns: []string{"fingerprint", "reported_at"}},
	{Name: "outside_key", Key: "fingerprint", Columns: []string{"fingerprint"}},
	{Name: "held_key", Key: "fingerprint", Columns: []string{"fingerprint", "authority_id", "responder"}},
	{Name: "idempotency", Key: "principal_id, idempotency_key",
		Columns: []string{"principal_id", "idempotency_key", "digest", "request_id", "certificate_id", "created_at"}},
	{Name: "event", Key: "id", Columns: []string{"id", "at", "account_id", "email", "address", "kind", "action",
		"object_id", "detail", "principal", "object_name", "refs", "request_id", "state_before", "state_after"}},
	{Name: "event_position", Key: "position", Columns: []string{"position", "event_id"}},
	{Name: "clock", Key: "id", Columns: []string{"id", "at", "boot", "uptime", "event_id", "stopped"}},
	{Name: "agreement", Key: "name", Columns: []string{"name", "value"},
		From: "(SELECT name, value FROM agreement WHERE name <> '" + BackupDigest + "') t"},
	// The slots are summed up because their use depends on the engine.
	{Name: "counter", Key: "name, at, object_id, part",
		Columns: []string{"name", "at", "object_id", "part", "slot", "value"},
		From: `(SELECT name, at, object_id, part, 0 AS slot, CAST(SUM(value) AS BIGINT) AS value FROM counter
			GROUP BY name, at, object_id, part HAVING SUM(value) <> 0) t`},
}

// Source returns the FROM expression for the table's rows.
func (t Table) Source() string {
	if t.From != "" {
		return t.From
	}
	return t.Name
}

// BackupDigest names the row of table agreement with the digest of a backup.
const BackupDigest = "digest of the backup"

// TableNames returns the names of [Tables].
func TableNames() []string {
	var names []string
	for _, t := range Tables {
		names = append(names, t.Name)
	}
	return names
}
