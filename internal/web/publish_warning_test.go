package web_test

import (
	"testing"

	"notary"
	"notary/internal/testkit"
)

func publishedAt(t *testing.T, w *testkit.World, url string) *house {
	t.Helper()
	var err error
	w.Node, err = testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now, PublishURL: url})
	testkit.Check(t, err)
	return serve(t, w)
}

// Every setup page warns of a publication URL that only this machine can reach, if the caller can
// change it.
func TestPublishURLWarning(t *testing.T) {
	t.Parallel()
	const local, warning = "http://localhost:2112", "Set publish_url"
	publishedAt(t, testkit.Empty(t), local).visit(t).get(t, "/start").wantText(t, warning, local)
	h := publishedAt(t, testkit.New(t), local)
	for _, path := range []string{"/", "/authorities/start", "/authorities/new", "/requests/new"} {
		h.as(t, notary.Admin).get(t, path).wantText(t, warning)
	}
	for _, path := range []string{"/", "/requests/new"} {
		h.as(t, notary.CertificateRequestor).get(t, path).wantNoText(t, warning)
	}
	open(t).as(t, notary.Admin).get(t, "/").wantNoText(t, warning)
}
