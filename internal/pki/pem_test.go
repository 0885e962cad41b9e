package pki

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"
)

// What readPEM accepts, the standard library reads in the same way.
func FuzzPEM(f *testing.F) {
	for _, seed := range []string{
		"", "-----BEGIN A-----\nAAAA\n-----END A-----\n", "-----BEGIN A-----\r\nAA==\r\n-----END A-----",
		"-----BEGIN A-----\nAAAA\n-----END B-----\n", "-----BEGIN A-----\nX: y\n\nAAAA\n-----END A-----\n",
		"text\n-----BEGIN A B-----\nAA\nAA\n\n-----END A B-----\ntext\n-----BEGIN C-----\nBBBB\n-----END C-----",
		"-----BEGIN -----\nAAAA\n-----END -----\n", "-----BEGIN A-----AAAA-----END A-----",
		"-----BEGIN A-----\nAAA=\n-----END A-----\n", "-----BEGIN A-----\nAAB=\n-----END A-----\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := readPEM(text, 1<<20)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("message %q is not one line", err)
			}
			return
		}
		rest := []byte(text)
		for i, block := range doc.blocks {
			var standard *pem.Block
			standard, rest = pem.Decode(rest)
			if standard == nil || standard.Type != block.label || !bytes.Equal(standard.Bytes, block.der) ||
				len(standard.Headers) > 0 {
				t.Fatalf("block %d is %+v, for the standard library %+v", i, block, standard)
			}
		}
		if more, _ := pem.Decode(rest); more != nil {
			t.Errorf("a block of type %q was passed over", more.Type)
		}
		if len(doc.blocks) == 0 && !doc.prose && strings.TrimSpace(text) != "" {
			t.Error("text was passed over")
		}
	})
}
