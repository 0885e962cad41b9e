package issuance_test

import (
	"testing"

	"notary"
	"notary/internal/testkit"
)

// OpenSSL and Go accept what we certify under name constraints, and so does Java what it can parse. If the first two
// differ, we follow the stricter.
func TestInteropNameConstraints(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	java := testkit.NewJava(t)
	anchor := newRoot(t, notary.ECDSAP256, -1)
	var authorities, leaves [][]byte
	issued := make([]bool, len(nameCases))
	for i, c := range nameCases {
		authority, issuer := constrained(t, anchor, i+1, c.permitted, c.excluded)
		leaf := ours(t, authority, issuer, c)
		issued[i] = leaf != nil
		if leaf == nil {
			leaf = byHand(t, issuer, c)
		}
		authorities, leaves = append(authorities, authority), append(leaves, leaf)
	}
	chains := newVerified(t, anchor.Certificate, authorities, leaves)
	openssl := chains.byOpenSSL(t)
	for i, c := range nameCases {
		say := verdicts{issued[i], openssl[i], chains.byGo(i)}
		if say != c.say {
			t.Errorf("%s: accepted by %+v, want %+v", c.what, say, c.say)
		}
		if say.we && say != everybody {
			t.Errorf("%s: we issue what others do not accept", c.what)
		}
		if says, accepted := chains.byJava(t, java, i); say.we && accepted != (c.java == "") {
			t.Errorf("%s: what we issue, Java says: %s", c.what, says)
		}
		if differs := say != everybody && say != nobody; differs != (c.differs != "") {
			t.Errorf("%s: a difference must be explained, and nothing else", c.what)
		}
	}
	if len(nameCases) < 60 {
		t.Errorf("only %d cases", len(nameCases))
	}
}
