package inspect

import "crypto/x509"

// keyUsages maps bits to the key usage names of RFC 5280, section 4.2.1.3.
var keyUsages = []struct {
	bit  x509.KeyUsage
	name string
}{
	{x509.KeyUsageDigitalSignature, "digitalSignature"},
	{x509.KeyUsageContentCommitment, "nonRepudiation"},
	{x509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{x509.KeyUsageDataEncipherment, "dataEncipherment"},
	{x509.KeyUsageKeyAgreement, "keyAgreement"},
	{x509.KeyUsageCertSign, "keyCertSign"},
	{x509.KeyUsageCRLSign, "cRLSign"},
	{x509.KeyUsageEncipherOnly, "encipherOnly"},
	{x509.KeyUsageDecipherOnly, "decipherOnly"},
}

func keyUsageNames(usage x509.KeyUsage) (names []string) {
	for _, u := range keyUsages {
		if usage&u.bit != 0 {
			names = append(names, u.name)
		}
	}
	return names
}

// extKeyUsages maps extended key usages to the names of RFC 5280, section 4.2.1.12, and of vendors.
var extKeyUsages = map[x509.ExtKeyUsage]string{
	x509.ExtKeyUsageAny:                            "anyExtendedKeyUsage",
	x509.ExtKeyUsageServerAuth:                     "serverAuth",
	x509.ExtKeyUsageClientAuth:                     "clientAuth",
	x509.ExtKeyUsageCodeSigning:                    "codeSigning",
	x509.ExtKeyUsageEmailProtection:                "emailProtection",
	x509.ExtKeyUsageIPSECEndSystem:                 "ipsecEndSystem",
	x509.ExtKeyUsageIPSECTunnel:                    "ipsecTunnel",
	x509.ExtKeyUsageIPSECUser:                      "ipsecUser",
	x509.ExtKeyUsageTimeStamping:                   "timeStamping",
	x509.ExtKeyUsageOCSPSigning:                    "OCSPSigning",
	x509.ExtKeyUsageMicrosoftServerGatedCrypto:     "Microsoft server gated crypto",
	x509.ExtKeyUsageNetscapeServerGatedCrypto:      "Netscape server gated crypto",
	x509.ExtKeyUsageMicrosoftCommercialCodeSigning: "Microsoft commercial code signing",
	x509.ExtKeyUsageMicrosoftKernelCodeSigning:     "Microsoft kernel code signing",
}

func extKeyUsageNames(c *x509.Certificate) (names []string) {
	for _, usage := range c.ExtKeyUsage {
		names = append(names, extKeyUsages[usage])
	}
	for _, oid := range c.UnknownExtKeyUsage {
		names = append(names, oidText(oid))
	}
	return visibleList(names)
}

func isServer(c *x509.Certificate) bool {
	for _, usage := range c.ExtKeyUsage {
		if usage == x509.ExtKeyUsageServerAuth || usage == x509.ExtKeyUsageAny {
			return true
		}
	}
	return false
}
