package store

import (
	"context"
	"slices"

	"notary"
	"notary/internal/db"
)

// CertificateOutlines returns all certificates of the requests, by request, with only their IDs, owner, issuer, profile
// and names.
func (r reader) CertificateOutlines(ctx context.Context, requestIDs []int64) (map[int64][]*notary.Certificate, error) {
	all := map[int64][]*notary.Certificate{}
	for some := range slices.Chunk(requestIDs, issuancesTogether) {
		b := &db.Binder{}
		in := db.BindAll(b, some)
		found, err := db.Collect(ctx, r.q, scanOutline, `SELECT k.id, k.request_id, k.requester_id, k.owner_group_id,
			k.authority_id, k.profile, k.common_name, k.names
			FROM certificate k WHERE k.request_id IN (`+in+`)`, b.Args...)
		if err != nil {
			return nil, err
		}
		for _, cert := range found {
			all[cert.RequestID] = append(all[cert.RequestID], cert)
		}
	}
	return all, nil
}

func scanOutline(row db.Row) (*notary.Certificate, error) {
	var cert notary.Certificate
	var request, requester, group, authority number
	var names string
	err := row.Scan(&cert.ID, &request, &requester, &group, &authority, &cert.Profile, &cert.CommonName, &names)
	cert.RequestID, cert.RequesterID, cert.OwnerGroupID = request.Int64, requester.Int64, group.Int64
	cert.AuthorityID = authority.Int64
	cert.Names = notary.ParseNames(names)
	return &cert, err
}
