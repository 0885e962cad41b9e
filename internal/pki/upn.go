package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// User principal names identify Windows accounts for smart card logon and 802.1X. Each is an otherName with a
// UTF8String.

var oidUPN = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}

// maxUPN is Active Directory's limit, in characters.
const maxUPN = 1024

func addUPN(names *notary.Names, text string) error {
	user, domain, found := strings.Cut(text, "@")
	_, err := checkDNSName(domain, true)
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r) || strings.ContainsRune(`"/\[]:;|=,*?<>()`, r)
	}
	if !found || user == "" || err != nil || strings.HasPrefix(domain, "*") || !utf8.ValidString(text) ||
		utf8.RuneCountInString(text) > maxUPN || strings.ContainsFunc(user, bad) {
		return invalid("%.60q is not a user principal name: write an account and a domain, such as "+
			"me@corp.example", text)
	}
	add(&names.UPN, text)
	return nil
}

func addOtherName(names *notary.Names, value cryptobyte.String) error {
	var oid asn1.ObjectIdentifier
	var inner, text cryptobyte.String
	if !value.ReadASN1ObjectIdentifier(&oid) {
		return invalid("an otherName among the subject alternative names is not well-formed")
	}
	if !oid.Equal(oidUPN) {
		return invalid("the request has an otherName of the type %s, which is not supported: only "+
			"user principal names (%s) are", oid, oidUPN)
	}
	if !value.ReadASN1(&inner, constructed(0)) || !value.Empty() || !inner.ReadASN1(&text, casn1.UTF8String) ||
		!inner.Empty() {
		return invalid("a user principal name is not well-formed: it must be a UTF8String")
	}
	return addUPN(names, string(text))
}

// UPNs returns the user principal names in the extensions of a certificate or request, skipping unreadable ones.
func UPNs(extensions []pkix.Extension) (list []string) {
	for _, extension := range extensions {
		in := cryptobyte.String(extension.Value)
		var names cryptobyte.String
		if !extension.Id.Equal(oidSAN) || !in.ReadASN1(&names, casn1.SEQUENCE) {
			continue
		}
		for !names.Empty() {
			var value cryptobyte.String
			var tag casn1.Tag
			if !names.ReadAnyASN1(&value, &tag) {
				break
			}
			var found notary.Names
			if tag == tagOther && addOtherName(&found, value) == nil {
				list = append(list, found.UPN...)
			}
		}
	}
	return list
}

// SANExtension returns the subject alternative name extension, including user principal names, which package x509 does
// not support.
func SANExtension(names notary.Names, critical bool) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addText := func(tag casn1.Tag, list []string) {
			for _, name := range list {
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
			}
		}
		addText(tagDNS, names.DNS)
		addText(tagEmail, names.Email)
		for _, ip := range names.IP {
			addr, err := netip.ParseAddr(ip)
			if err != nil {
				b.SetError(err)
				return
			}
			b.AddASN1(tagIP, func(b *cryptobyte.Builder) { b.AddBytes(addr.AsSlice()) })
		}
		addText(tagURI, names.URI)
		for _, upn := range names.UPN {
			b.AddASN1(tagOther, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidUPN)
				b.AddASN1(constructed(0), func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(upn)) })
				})
			})
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return pkix.Extension{}, notary.InternalError("encode the subject alternative names", err)
	}
	return pkix.Extension{Id: oidSAN, Critical: critical, Value: der}, nil
}
