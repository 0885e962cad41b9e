package rest

import (
	"context"
	"mime"
	"strconv"
	"strings"
)

const (
	typeJSON  = "application/json"
	typePEM   = "application/x-pem-file"
	typeDER   = "application/pkix-cert"
	typePKCS7 = "application/pkcs7-mime"
	typeCRL   = "application/pkix-crl"
)

type acceptKey struct{}

// prefer returns the media type in forms that has the greatest weight in the call's Accept header (RFC 9110, section
// 12.5.1). It returns JSON if none has a greater weight than JSON.
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

// weight returns the weight of the most specific range in an Accept header that matches form. Malformed ranges are
// ignored.
func weight(accept, form string) (weight float64) {
	highest := 0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		if n := specificity(media, form); n > highest {
			highest, weight = n, quality(params["q"])
		}
	}
	return weight
}

// specificity returns how specifically a media range matches form, or 0 if it does not match.
func specificity(media, form string) int {
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
