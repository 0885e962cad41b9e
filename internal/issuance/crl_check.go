package issuance

import (
	"bytes"
	"encoding/asn1"
	"hash/maphash"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// check parses the CRL before it is signed, and compares it with RFC 5280, section 5, and with the intended content. It
// is fast enough for a million entries.
func (l *CRL) check(tbs []byte, terms CRLTerms) error {
	var fields, algorithm, issuer cryptobyte.String
	var version int
	in := cryptobyte.String(tbs)
	if !in.ReadASN1(&fields, casn1.SEQUENCE) || !in.Empty() || !fields.ReadASN1Integer(&version) || version != 1 {
		return crlError("is not of version 2", "5.1.2.1")
	}
	if !fields.ReadASN1Element(&algorithm, casn1.SEQUENCE) || !fields.ReadASN1Element(&issuer, casn1.SEQUENCE) ||
		!bytes.Equal(issuer, l.issuer.Certificate.RawSubject) {
		return crlError("has an issuer other than the CA's subject", "5.1.2.3")
	}
	this, okThis := readTime(&fields)
	next, okNext := readTime(&fields)
	switch {
	case !okThis || !this.Equal(terms.ThisUpdate):
		return crlError("has a wrong thisUpdate", "5.1.2.4")
	case !okNext || !next.Equal(terms.NextUpdate) || !next.After(this):
		return crlError("has a wrong nextUpdate", "5.1.2.5")
	}
	if err := l.checkEntries(&fields, this.Format(generalizedTime)); err != nil {
		return err
	}
	return l.checkExtensions(fields, terms)
}

func crlError(what, section string) error {
	return notary.Errorf(notary.Internal, "the CRL %s (RFC 5280, section %s): it was not signed", what, section)
}

// ErrDuplicateSerial is returned by [CRL.Sign] and [CRL.Unsigned] if two entries have the same serial number.
var ErrDuplicateSerial = crlError("has two entries for one serial number", "5.1.2.6")

// checkEntries checks the entries. None may have been revoked after thisUpdate, which has the format of a
// GeneralizedTime.
func (l *CRL) checkEntries(fields *cryptobyte.String, thisUpdate string) error {
	var entries cryptobyte.String
	var some bool
	if !fields.ReadOptionalASN1(&entries, &some, casn1.SEQUENCE) || some && entries.Empty() {
		return crlError("has an empty list of entries", "5.1.2.6")
	}
	seed := maphash.MakeSeed()
	sums := make([]uint64, 0, l.entries)
	for !entries.Empty() {
		var entry, serial cryptobyte.String
		if !entries.ReadASN1(&entry, casn1.SEQUENCE) || !entry.ReadASN1(&serial, casn1.INTEGER) || !properSerial(serial) {
			return crlError("has an entry without a positive serial number of at most 160 bits", "5.1.2.6")
		}
		switch late, ok := readEntryTime(&entry, thisUpdate); {
		case !ok:
			return crlError("has an entry with a malformed time", "5.1.2.6")
		case late:
			return crlError("has an entry that was revoked after thisUpdate", "5.1.2.4")
		}
		if !entry.Empty() && !properExtensions(entry) {
			return crlError("has an entry with unexpected extensions", "5.3")
		}
		sums = append(sums, maphash.Bytes(seed, serial))
	}
	if len(sums) != l.entries {
		return crlError("has a wrong number of entries", "5.1.2.6")
	}
	if slices.Sort(sums); hasDuplicates(sums) {
		return ErrDuplicateSerial
	}
	return nil
}

// properSerial reports whether serial is the DER content of a positive INTEGER of at most 160 bits.
func properSerial(serial []byte) bool {
	value, signed := bytes.CutPrefix(serial, []byte{0})
	return len(value) > 0 && len(value) <= maxSerial && signed == (value[0] >= 0x80)
}

// properExtensions reports whether an entry has only a reason code, a hold instruction and an invalidity date as
// extensions, all optional and in that order. The reason code must be possible in a full CRL.
func properExtensions(extensions []byte) bool {
	if len(extensions) < 3 || extensions[0] != byte(casn1.SEQUENCE) || int(extensions[1]) != len(extensions)-2 {
		return false
	}
	rest := extensions[2:]
	if code, ok := bytes.CutPrefix(rest, []byte(reasonExtension)); ok {
		if len(code) == 0 || code[0] == 0 || !slices.Contains(reasonCodes, code[0]) {
			return false
		}
		rest = code[1:]
	}
	rest = withoutHold(rest)
	if date, ok := bytes.CutPrefix(rest, []byte(invalidityExtension)); ok {
		if len(date) < len(generalizedTime) {
			return false
		}
		if _, err := time.Parse(generalizedTime, string(date[:len(generalizedTime)])); err != nil {
			return false
		}
		rest = date[len(generalizedTime):]
	}
	return len(rest) == 0
}

func withoutHold(extensions []byte) []byte {
	in := cryptobyte.String(extensions)
	var one, value cryptobyte.String
	var id, instruction asn1.ObjectIdentifier
	if in.ReadASN1(&one, casn1.SEQUENCE) && one.ReadASN1ObjectIdentifier(&id) && id.Equal(pki.OIDHoldInstruction) &&
		one.ReadASN1(&value, casn1.OCTET_STRING) && one.Empty() && value.ReadASN1ObjectIdentifier(&instruction) &&
		value.Empty() {
		return in
	}
	return extensions
}

var reasonCodes = func() (codes []byte) {
	for _, code := range notary.RevocationReasons {
		codes = append(codes, byte(code))
	}
	return codes
}()

// hasDuplicates reports whether two adjacent values are equal. A collision of hashes makes the check fail for one in
// forty million CRLs of a million entries. The next attempt uses another seed.
func hasDuplicates(sorted []uint64) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

func (l *CRL) checkExtensions(fields cryptobyte.String, terms CRLTerms) error {
	keyID, err := issuerKeyIdentifier(l.issuer.Certificate)
	if err != nil {
		return err
	}
	want := []string{"2.5.29.35", "2.5.29.20"}
	if len(terms.URLs) > 0 {
		want = append(want, oidIssuingDistributionPoint.String())
	}
	var wrapped, all cryptobyte.String
	if !fields.ReadASN1(&wrapped, casn1.Tag(0).ContextSpecific().Constructed()) || !fields.Empty() ||
		!wrapped.ReadASN1(&all, casn1.SEQUENCE) || !wrapped.Empty() {
		return crlError("has no extensions", "5.2")
	}
	for _, name := range want {
		var one, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !all.ReadASN1(&one, casn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) || oid.String() != name ||
			one.PeekASN1Tag(casn1.BOOLEAN) && !one.ReadASN1Boolean(&critical) ||
			!one.ReadASN1(&value, casn1.OCTET_STRING) || !one.Empty() || critical != oid.Equal(oidIssuingDistributionPoint) {
			return crlError("has unexpected extensions", "5.2")
		}
		if err := checkExtension(oid, value, keyID, terms); err != nil {
			return err
		}
	}
	if !all.Empty() {
		return crlError("has unexpected extensions", "5.2")
	}
	return nil
}

func checkExtension(oid asn1.ObjectIdentifier, value cryptobyte.String, keyID []byte, terms CRLTerms) error {
	switch oid[3] {
	case 35:
		var sequence, id cryptobyte.String
		if !value.ReadASN1(&sequence, casn1.SEQUENCE) || !value.Empty() ||
			!sequence.ReadASN1(&id, casn1.Tag(0).ContextSpecific()) || !sequence.Empty() || !bytes.Equal(id, keyID) {
			return crlError("has a wrong authority key identifier", "5.2.1")
		}
	case 20:
		var number int64 // at most 8 octets, within the limit of 20
		if !value.ReadASN1Integer(&number) || !value.Empty() || number <= 0 || number != terms.Number {
			return crlError("has a wrong CRL number", "5.2.3")
		}
	default:
		if urls, ok := pointURLs(value); !ok || !slices.Equal(urls, terms.URLs) {
			return crlError("has a wrong issuing distribution point", "5.2.5")
		}
	}
	return nil
}

func pointURLs(value cryptobyte.String) (urls []string, ok bool) {
	constructed := casn1.Tag(0).ContextSpecific().Constructed()
	var sequence, point, names cryptobyte.String
	if !value.ReadASN1(&sequence, casn1.SEQUENCE) || !value.Empty() || !sequence.ReadASN1(&point, constructed) ||
		!sequence.Empty() || !point.ReadASN1(&names, constructed) || !point.Empty() {
		return nil, false
	}
	for !names.Empty() {
		var url cryptobyte.String
		if !names.ReadASN1(&url, casn1.Tag(6).ContextSpecific()) || len(url) == 0 {
			return nil, false
		}
		urls = append(urls, string(url))
	}
	return urls, len(urls) > 0
}

func readTime(in *cryptobyte.String) (t time.Time, ok bool) {
	if in.PeekASN1Tag(casn1.UTCTime) {
		return t, in.ReadASN1UTCTime(&t)
	}
	return t, in.ReadASN1GeneralizedTime(&t)
}

// readEntryTime reads a time ten times as fast as [readTime]. late reports whether the time is after latest, which has
// the format of a GeneralizedTime. ok reports whether the time is well-formed.
func readEntryTime(in *cryptobyte.String, latest string) (late, ok bool) {
	var text cryptobyte.String
	var tag casn1.Tag
	if !in.ReadAnyASN1(&text, &tag) {
		return false, false
	}
	century := "20"
	switch {
	case tag == casn1.GeneralizedTime && len(text) == 15:
		century, text = string(text[:2]), text[2:]
	case tag != casn1.UTCTime || len(text) != 13:
		return false, false
	case text[0] >= '5': // RFC 5280, section 4.1.2.5.1
		century = "19"
	}
	for _, c := range text[:12] {
		if c < '0' || c > '9' {
			return false, false
		}
	}
	two := func(i int) int { return int(text[i]-'0')*10 + int(text[i+1]-'0') }
	month, day := two(2), two(4)
	ok = text[12] == 'Z' && month >= 1 && month <= 12 && day >= 1 && day <= 31 && two(6) < 24 && two(8) < 60 &&
		two(10) < 60
	if century != latest[:2] {
		return century > latest[:2], ok
	}
	return string(text) > latest[2:], ok
}

// ListURLs returns the URLs in the issuing distribution point of a CRL that Notary issued, or nil for a full CRL. It
// does not read the entries.
func ListURLs(der []byte) []string {
	var list, tbs, extensions cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&list, casn1.SEQUENCE) || !list.ReadASN1(&tbs, casn1.SEQUENCE) {
		return nil
	}
	explicit := casn1.Tag(0).ContextSpecific().Constructed()
	for !tbs.Empty() && !tbs.PeekASN1Tag(explicit) {
		var skipped cryptobyte.String
		var tag casn1.Tag
		if !tbs.ReadAnyASN1(&skipped, &tag) {
			return nil
		}
	}
	if !tbs.ReadASN1(&tbs, explicit) || !tbs.ReadASN1(&extensions, casn1.SEQUENCE) {
		return nil
	}
	for !extensions.Empty() {
		var one, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !extensions.ReadASN1(&one, casn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) {
			return nil
		}
		if oid.Equal(oidIssuingDistributionPoint) && one.SkipOptionalASN1(casn1.BOOLEAN) &&
			one.ReadASN1(&value, casn1.OCTET_STRING) {
			urls, _ := pointURLs(value)
			return urls
		}
	}
	return nil
}
