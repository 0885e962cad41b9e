package rest_test

import (
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func TestOnlyAdminsCrossSignImportedAuthorities(t *testing.T) {
	t.Parallel()
	h := open(t)
	manager, root := h.as(t, notary.CertificateManager), h.Root(t, notary.ECDSAP256)
	id, err := manager.ImportCertificateAuthority(t.Context(), handedOver(t,
		testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())))
	testkit.Check(t, err)
	in := api.CrossSignCertificateAuthority{CertificateAuthorityID: api.ID(root)}
	_, err = manager.CrossSignCertificateAuthority(t.Context(), id, in)
	testkit.WantKind(t, err, notary.Forbidden)
	testkit.WantText(t, err, "this is the key of an imported CA", "only an Admin can certify it")
	_, err = h.as(t, notary.Admin).CrossSignCertificateAuthority(t.Context(), id, in)
	testkit.Check(t, err)
	all, err := manager.AuthorityCertificates(t.Context(), id)
	testkit.Check(t, err)
	if len(all) != 2 {
		t.Errorf("the imported authority has %d certificates, want its own and the Admin's", len(all))
	}
}
