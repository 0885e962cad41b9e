package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"notary"
)

// crl serves an authority's full CRL ({id}.crl) or a partitioned CRL ({id}-{shard}.crl) in DER (RFC 5280, section
// 4.2.1.13).
func (p *publisher) crl(w http.ResponseWriter, r *http.Request, name string) error {
	id, shard, ok := listName(name)
	if !ok {
		return errNotFound
	}
	crl, err := p.revocation.PublishedCRL(r.Context(), id, shard)
	if err != nil {
		return err
	}
	p.send(w, r, document{mediaType: "application/pkix-crl", octets: crl.DER, modified: crl.ThisUpdate,
		until: crl.NextUpdate,
		tag:   listTag(crl)})
	return nil
}

// listName parses the file name of a CRL, such as "7.crl" or "7-3.crl".
func listName(name string) (id int64, shard int, ok bool) {
	name, ok = strings.CutSuffix(name, ".crl")
	if !ok {
		return 0, 0, false
	}
	text, part, sharded := strings.Cut(name, "-")
	if sharded {
		if shard, ok = shardNumber(part); !ok {
			return 0, 0, false
		}
	}
	id, ok = authorityID(text)
	return id, shard, ok
}

func shardNumber(text string) (int, bool) {
	shard, err := strconv.Atoi(text)
	return shard, err == nil && shard > 0 && strconv.Itoa(shard) == text
}

// listTag returns the ETag of a CRL: its number and a hash of the end of its signature. The number alone could repeat
// after a restore from backup.
func listTag(crl *notary.CRL) string {
	const end = 64
	sum := sha256.Sum256(crl.DER[max(0, len(crl.DER)-end):])
	return fmt.Sprintf("%d-%s", crl.Number, hex.EncodeToString(sum[:8]))
}
