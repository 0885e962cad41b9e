package store

import (
	"context"
	"fmt"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

// Counters without additional keys. They are updated in the transaction that changes what they count.
var (
	accountsCounter     = db.CounterKey{Name: "accounts"}
	certificatesCounter = db.CounterKey{Name: "certificates"}
	unknownCounter      = db.CounterKey{Name: "unknown"} // revocations of certificates that are not recorded here
)

// Names of the counters with additional keys.
const (
	countRevoked      = "revoked"   // by authority
	countShardRevoked = "shard"     // by authority and shard
	countCorrected    = "corrected" // corrections of revocations, by authority and shard
	countIssued       = "issued"    // by authority

	// CountLive is the name of the counters of certificates that are not revoked, by issuer and day of expiry.
	CountLive = "live"
	// CountExpiring is the name of the counters of current certificates, by hour of expiry.
	CountExpiring = "expiring"
)

func statusCounter(s notary.RequestStatus) db.CounterKey {
	return db.CounterKey{Name: "requests " + string(s)}
}

func revokedCounter(authorityID int64, shard int) db.CounterKey {
	if shard == 0 {
		return db.CounterKey{Name: countRevoked, Object: authorityID}
	}
	return db.CounterKey{Name: countShardRevoked, Object: authorityID, Part: int64(shard)}
}

func correctedCounter(authorityID int64, shard int) db.CounterKey {
	return db.CounterKey{Name: countCorrected, Object: authorityID, Part: int64(shard)}
}

func issuedCounter(authorityID int64) db.CounterKey {
	return db.CounterKey{Name: countIssued, Object: authorityID}
}

// IssuedCounts returns the number of certificates by issuing authority, from the counters.
func (r reader) IssuedCounts(ctx context.Context) (map[int64]int64, error) {
	return r.countsByIssuer(ctx, countIssued)
}

func (r reader) countsByIssuer(ctx context.Context, name string) (map[int64]int64, error) {
	all := map[int64]int64{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var issuer int64
		var n number
		if err := row.Scan(&issuer, &n); err != nil {
			return none, err
		}
		if n.bad {
			r.damage.add("counter", issuer, []string{fmt.Sprintf("the counter %q of authority %d cannot be read",
				name, issuer)})
			return none, nil
		}
		all[issuer] += n.Int64
		return none, nil
	}, `SELECT object_id, value FROM counter WHERE name = $1`, name)
	return all, err
}

// LiveCounter returns the key of the counter for certificates that are not revoked, by issuer (0: external CAs) and day
// of expiry.
func LiveCounter(issuer int64, notAfter time.Time) db.CounterKey {
	return db.CounterKey{Name: CountLive, Object: issuer, At: startOf(notAfter, 24*time.Hour)}
}

// ExpiryCounter returns the key of the counter for current certificates, by hour of expiry.
func ExpiryCounter(notAfter time.Time) db.CounterKey {
	return db.CounterKey{Name: CountExpiring, At: startOf(notAfter, time.Hour)}
}

func startOf(t time.Time, unit time.Duration) int64 { return t.UTC().Truncate(unit).Unix() }

// InForce returns the number of certificates that are neither revoked nor expired, by issuer (0: external CAs). It
// reads the counters and subtracts what expired earlier in the day.
func (r reader) InForce(ctx context.Context, now time.Time) (map[int64]int64, error) {
	all := map[int64]int64{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var issuer, n int64
		err = row.Scan(&issuer, &n)
		all[issuer] += n
		return none, err
	}, `SELECT object_id, CAST(SUM(value) AS BIGINT) FROM counter WHERE name = $1 AND at >= $2
		GROUP BY name, at, object_id`, CountLive, startOf(now, 24*time.Hour))
	if err != nil {
		return nil, err
	}
	expired, err := db.Collect(ctx, r.q, db.Scan[int64], `SELECT COALESCE(k.authority_id, 0) FROM certificate k
		LEFT JOIN revocation v ON v.certificate_id = k.id
		WHERE k.not_after >= $1 AND k.not_after < $2 AND v.certificate_id IS NULL`,
		db.Seconds(now.Truncate(24*time.Hour)), db.Seconds(now))
	for _, issuer := range expired {
		all[issuer]--
	}
	return all, err
}

// Expiring returns the number of current certificates that expire at or after from and before until, which must be a
// whole hour. It reads the counters and subtracts what expired earlier in the hour of from.
func (r reader) Expiring(ctx context.Context, from, until time.Time) (int64, error) {
	n, err := r.expiring(ctx, from, until.Add(-time.Hour))
	if err != nil {
		return 0, err
	}
	passed, err := r.expiredThisHour(ctx, from)
	return n - passed, err
}

func (r reader) expiring(ctx context.Context, from, last time.Time) (int64, error) {
	return db.SumCounters(ctx, r.q, CountExpiring, startOf(from, time.Hour), startOf(last, time.Hour))
}

func (r reader) expiredThisHour(ctx context.Context, now time.Time) (n int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT COUNT(*) FROM certificate k WHERE k.not_after >= $1 AND k.not_after < $2 AND `+
		query.Current("k"),
		db.Seconds(now.Truncate(time.Hour)), db.Seconds(now)).Scan(&n)
	return n, db.MapError(err)
}

// Totals returns a Summary without Expiring, for which several thousand counters must be added up.
func (r reader) Totals(ctx context.Context) (notary.Summary, error) {
	sum := notary.Summary{Requests: map[notary.RequestStatus]int64{}}
	var err error
	if sum.Certificates, err = db.Counter(ctx, r.q, certificatesCounter); err != nil {
		return sum, err
	}
	if sum.Revoked, err = db.SumCounters(ctx, r.q, countRevoked, 0, 0); err != nil {
		return sum, err
	}
	unknown, err := db.Counter(ctx, r.q, unknownCounter)
	if err != nil {
		return sum, err
	}
	sum.Revoked -= unknown
	for _, status := range notary.RequestStatuses {
		n, err := db.Counter(ctx, r.q, statusCounter(status))
		if err != nil {
			return sum, err
		}
		sum.Requests[status] = n
	}
	return sum, nil
}

// Summary counts requests by status, certificates, revoked certificates, and current certificates by expiry. Its cost
// does not grow with the inventory.
func (r reader) Summary(ctx context.Context, now time.Time) (notary.Summary, error) {
	sum, err := r.Totals(ctx)
	if err != nil {
		return sum, err
	}
	passed, err := r.expiredThisHour(ctx, now)
	if err != nil {
		return sum, err
	}
	sum.Expiring = map[int]int64{}
	for _, days := range notary.ExpiryWindows {
		last := notary.EndOfWindow(now, time.Duration(days)*24*time.Hour).Add(-time.Hour)
		n, err := r.expiring(ctx, now, last)
		if err != nil {
			return sum, err
		}
		sum.Expiring[days] = n - passed
	}
	return sum, nil
}
