package rest

import (
	"context"
	"mime"
	"strconv"
	"strings"
)

// The forms in which certificates and CRLs can be had.
const (
	typeJSON  = "application/json"
	typePEM   = "application/x-pem-file"
	typeDER   = "application/pkix-cert"
	typePKCS7 = "application/pkcs7-mime"
	typeCRL   = "application/pkix-crl"
)

type acceptKey struct{}

// prefer is the form that the call's Accept header (RFC 9110, section 12.5.1) gives the
// greatest weight. JSON it is where several weigh the same, and where the header names
// nothing that can be had.
func prefer(ctx context.Context, forms ...string) string {
	accept, _ := ctx.Value(acceptKey{}).(string)
	best, most := typeJSON, weight(accept, typeJSON)
	for _, form := range forms {
		if w := weight(accept, form); w > most {
			best, most = form, w
		}
	}
	return best
}

// weight is that of the narrowest range in an Accept header that a form is in. Ranges that
// are not well-formed are passed over.
func weight(accept, form string) (weight float64) {
	narrowest := 0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		if n := narrowness(media, form); n > narrowest {
			narrowest, weight = n, quality(params["q"])
		}
	}
	return weight
}

// narrowness says how closely a media range describes a form; 0 where it does not.
func narrowness(media, form string) int {
	family, _, _ := strings.Cut(form, "/")
	switch media {
	case form:
		return 3
	case family + "/*":
		return 2
	case "*/*":
		return 1
	default:
		return 0
	}
}

// quality reads a weight from 0 to 1: 1 where none is given, 0 where it makes no sense.
func quality(text string) float64 {
	if text == "" {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
