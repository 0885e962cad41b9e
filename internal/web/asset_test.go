package web_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"notary"
	"notary/internal/testkit"
)

// maxAssets limits the compressed size of all assets together, in octets.
const maxAssets = 60_000

func TestAssetsAreSmallCompressedAndImmutable(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	named := regexp.MustCompile(`/assets/[a-z]+-[0-9a-f]{12}[.][a-z]+`)
	urls := slices.Compact(slices.Sorted(slices.Values(named.FindAllString(v.get(t, "/requests/new").body, -1))))
	files, err := os.ReadDir("page/assets")
	testkit.Check(t, err)
	if len(urls) != len(files) {
		t.Errorf("the pages use %q of %d files", urls, len(files))
	}
	total := 0
	for _, url := range urls {
		request, err := http.NewRequest(http.MethodGet, "https://"+h.served.Addr+url, nil)
		testkit.Check(t, err)
		request.Header.Set("Accept-Encoding", "gzip") // set explicitly, so that the response is not decompressed
		response, err := v.http.Do(request)
		a := read(t, response, err).wantStatus(t, http.StatusOK)
		if got := a.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s is encoded as %q", url, got)
		}
		if a.Header.Get("Content-Type") == "" {
			t.Errorf("%s has no content type", url)
		}
		if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", url, got)
		}
		total += len(a.body)
	}
	t.Logf("the compressed assets have %d octets", total)
	if total > maxAssets {
		t.Errorf("the compressed assets have %d octets, more than %d", total, maxAssets)
	}
	v.get(t, "/assets/notary-000000000000.css").wantStatus(t, http.StatusNotFound)
	v.get(t, "/assets/notary.css").wantStatus(t, http.StatusNotFound)
}
