package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

const certificatesCounter = "certificates"

func statusCounter(s notary.RequestStatus) string { return "requests " + string(s) }

// revokedCounter counts the revocations of an authority, or of a shard of its CRL.
func revokedCounter(authorityID int64, shard int) string {
	if shard == 0 {
		return fmt.Sprintf("revoked %d", authorityID)
	}
	return fmt.Sprintf("shard %d %d", authorityID, shard)
}

// correctedCounter counts the corrected revocations of an authority, or of a shard of its CRL.
func correctedCounter(authorityID int64, shard int) string {
	return fmt.Sprintf("corrected %d %d", authorityID, shard)
}

// revokedCounterKey returns the CRL whose revocations or corrections a counter counts.
func revokedCounterKey(name string) (key ListKey, err error) {
	switch kind, _, _ := strings.Cut(name, " "); kind {
	case "shard", "corrected":
		_, err = fmt.Sscanf(name, kind+" %d %d", &key.AuthorityID, &key.Shard)
	default:
		_, err = fmt.Sscanf(name, "revoked %d", &key.AuthorityID)
	}
	return key, err
}

// issuedCounter counts the certificates that an authority issued.
func issuedCounter(authorityID int64) string { return fmt.Sprintf("issued %d", authorityID) }

// IssuedCounts returns how many certificates each authority issued. It reads the kept counts.
func (r reader) IssuedCounts(ctx context.Context) (map[int64]int64, error) {
	return r.countsByIssuer(ctx, "issued")
}

// countsByIssuer returns the counters of one kind by the authority at the end of their names.
func (r reader) countsByIssuer(ctx context.Context, kind string) (map[int64]int64, error) {
	all := map[int64]int64{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var name string
		var n number
		if err := row.Scan(&name, &n); err != nil {
			return none, err
		}
		issuer, err := issuerOf(name)
		if err != nil || n.bad {
			r.damage.add("counter", issuer, []string{fmt.Sprintf("the counter %.60q cannot be read", name)})
			return none, nil
		}
		all[issuer] += n.Int64
		return none, nil
	}, `SELECT name, value FROM counter WHERE name >= $1 AND name < $2`, kind+" ", kind+"!")
	return all, err
}

// unknownCounter counts the revocations whose certificates are not known here.
const unknownCounter = "unknown"

// LiveCounter counts the certificates of an issuer (0 for outside ones) that are not revoked
// by the day on which they expire.
func LiveCounter(issuer int64, notAfter time.Time) string {
	return fmt.Sprintf("live %s %d", notAfter.UTC().Format(time.DateOnly), issuer)
}

// issuerOf returns whose certificates a [LiveCounter] or an [issuedCounter] counts.
func issuerOf(name string) (issuer int64, err error) {
	return strconv.ParseInt(name[strings.LastIndexByte(name, ' ')+1:], 10, 64)
}

// InForce counts the certificates that are neither revoked nor expired, by issuer: 0 for outside
// ones. It reads the kept counts, and the certificates that expired earlier in the day.
func (r reader) InForce(ctx context.Context, now time.Time) (map[int64]int64, error) {
	all := map[int64]int64{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var name string
		var n int64
		if err := row.Scan(&name, &n); err != nil {
			return none, err
		}
		issuer, err := issuerOf(name)
		if err != nil {
			r.damage.add("counter", 0, []string{fmt.Sprintf("the counter %.60q cannot be read", name)})
			return none, nil
		}
		all[issuer] += n
		return none, nil
	}, `SELECT name, CAST(SUM(value) AS BIGINT) FROM counter WHERE name >= $1 AND name < 'live!' GROUP BY name`,
		"live "+now.UTC().Format(time.DateOnly))
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

// Expiring counts the current certificates that expire from one time until, exclusively, another, which
// must be a whole hour. It reads the kept counts and the certificates that expired earlier in the hour.
func (r reader) Expiring(ctx context.Context, from, until time.Time) (int64, error) {
	n, err := db.SumCounters(ctx, r.q, ExpiryCounter(from), ExpiryCounter(until.Add(-time.Hour)))
	if err != nil {
		return 0, err
	}
	passed, err := r.expiredThisHour(ctx, from)
	return n - passed, err
}

// expiredThisHour counts the current certificates that expired in the hour of now.
func (r reader) expiredThisHour(ctx context.Context, now time.Time) (n int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT COUNT(*) FROM certificate k WHERE k.not_after >= $1 AND k.not_after < $2 AND `+query.Current("k"),
		db.Seconds(now.Truncate(time.Hour)), db.Seconds(now)).Scan(&n)
	return n, db.MapError(err)
}

// ExpiryCounter counts current certificates by the hour in which they expire.
func ExpiryCounter(notAfter time.Time) string {
	return "expiring " + notAfter.UTC().Format("2006-01-02T15")
}

// Totals are a Summary without what expires, which takes the sums of some thousand counts.
func (r reader) Totals(ctx context.Context) (notary.Summary, error) {
	sum := notary.Summary{Requests: map[notary.RequestStatus]int64{}}
	var err error
	if sum.Certificates, err = db.Counter(ctx, r.q, certificatesCounter); err != nil {
		return sum, err
	}
	if sum.Revoked, err = db.SumCounters(ctx, r.q, "revoked ", "revoked!"); err != nil {
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

// Summary counts requests by status, certificates, and the current ones by expiry. Its cost does not
// grow with the database.
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
		n, err := db.SumCounters(ctx, r.q, ExpiryCounter(now), ExpiryCounter(last))
		if err != nil {
			return sum, err
		}
		sum.Expiring[days] = n - passed
	}
	return sum, nil
}
