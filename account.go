package notary

import (
	"slices"
	"strings"
	"time"
)

// Role is what an [Account] may do. The numbers are part of the API.
type Role int

// The roles.
const (
	Admin                Role = 0
	CertificateManager   Role = 1
	CertificateRequestor Role = 2
	ReadOnly             Role = 3
)

// Roles are all the roles.
var Roles = []Role{Admin, CertificateManager, CertificateRequestor, ReadOnly}

// Valid says whether r is one of the [Roles].
func (r Role) Valid() bool { return r >= Admin && r <= ReadOnly }

func (r Role) String() string {
	switch r {
	case Admin:
		return "Admin"
	case CertificateManager:
		return "Certificate Manager"
	case CertificateRequestor:
		return "Certificate Requestor"
	case ReadOnly:
		return "Read Only"
	default:
		return "unknown role"
	}
}

// Permission is one thing that a role may do.
type Permission int

// The permissions.
const (
	ReadOwnRequests    Permission = iota // see the requests and certificates that one submitted
	ReadRequests                         // see everybody's requests and certificates
	CreateRequests                       // submit requests
	DecideRequests                       // sign, upload, reject, revoke, reopen, delete
	ReadAuthorities                      // see authorities
	ManageAuthorities                    // make, sign, upload, enable, revoke, delete authorities
	RevokeCertificates                   // revoke any certificate of the inventory
	ManageAccounts                       // everything about other people's accounts
	ListProfiles                         // see which profiles there are
	ReadProfiles                         // see their rules and former versions, and try them
	ManageProfiles                       // make, change and delete profiles
	ReadEvents                           // see who did what, but for the events of accounts
	ReadSettings                         // see the server's settings
	CertifyOutsideKeys                   // have authorities here certify the keys of imported authorities
	ConfirmClock                         // confirm the server's clock after it jumped
)

// permissionTexts follow "permission to".
var permissionTexts = map[Permission]string{
	ReadOwnRequests:    "see certificate requests",
	ReadRequests:       "see the certificate requests of others",
	CreateRequests:     "create certificate requests",
	DecideRequests:     "decide on certificate requests",
	ReadAuthorities:    "see certificate authorities",
	ManageAuthorities:  "manage certificate authorities",
	RevokeCertificates: "revoke certificates",
	ManageAccounts:     "manage accounts",
	ListProfiles:       "list profiles",
	ReadProfiles:       "see the rules of profiles",
	ManageProfiles:     "manage profiles",
	ReadEvents:         "see events",
	ReadSettings:       "see the server's settings",
	CertifyOutsideKeys: "have the keys of imported authorities certified",
	ConfirmClock:       "manage the server's clock",
}

func (p Permission) String() string { return permissionTexts[p] }

var permissions = map[Role][]Permission{
	Admin: {ReadOwnRequests, ReadRequests, CreateRequests, DecideRequests, ReadAuthorities,
		ManageAuthorities, RevokeCertificates, ManageAccounts, ListProfiles, ReadProfiles, ManageProfiles,
		ReadEvents, ReadSettings, CertifyOutsideKeys, ConfirmClock},
	CertificateManager: {ReadOwnRequests, ReadRequests, CreateRequests, DecideRequests,
		ReadAuthorities, ManageAuthorities, RevokeCertificates, ListProfiles, ReadProfiles, ManageProfiles, ReadEvents},
	CertificateRequestor: {ReadOwnRequests, CreateRequests, ListProfiles},
	ReadOnly:             {ReadOwnRequests, ReadRequests, ReadAuthorities, ListProfiles, ReadProfiles, ReadEvents},
}

// Account is somebody who can log in.
type Account struct {
	ID        int64
	Email     string // lower case
	Role      Role
	CreatedAt time.Time
}

// Caller is who is asking: a value, made by package auth from a token, that every use case
// takes and checks first.
type Caller struct {
	AccountID int64 // 0 for nobody, and for the program itself
	Email     string
	Role      Role
	Address   string // the IP address that the call came from; "" for the program itself
	RequestID string // the X-Request-Id of the call; "" for the program itself
	SessionID int64  // the session of its token; 0 for a caller that has none, such as the program itself
}

// SystemCaller is the program itself, in the events of what happens by the clock.
var SystemCaller = Caller{Email: "system"}

// Known says whether somebody is logged in.
func (c Caller) Known() bool { return c.AccountID != 0 }

// May says whether the caller's role reaches p.
func (c Caller) May(p Permission) bool {
	if !c.Known() {
		return false
	}
	return slices.Contains(permissions[c.Role], p)
}

// RolesWith returns the roles that have a permission.
func RolesWith(p Permission) []Role {
	return slices.DeleteFunc(slices.Clone(Roles), func(r Role) bool { return !slices.Contains(permissions[r], p) })
}

// roleNames joins the names of the roles that have a permission, such as "Admin or Read Only".
func roleNames(p Permission) string {
	roles := RolesWith(p)
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = role.String()
	}
	return strings.Join(names, " or ")
}

// Require returns nil if the caller has permission p, otherwise [Unauthenticated] or [Forbidden] with the roles that have
// it. Every use case begins with it.
func (c Caller) Require(p Permission) error {
	switch {
	case !c.Known():
		return Errorf(Unauthenticated, "log in first")
	case !c.May(p):
		return Errorf(Forbidden, "the role %s does not have permission to %s, which requires the role %s: ask an Admin",
			c.Role, p, roleNames(p))
	}
	return nil
}

// Own narrows a filter to what the caller may see. A filter for what others submitted, where
// the caller sees only its own, lets nothing through: ok is false.
func (c Caller) Own(f Filter) (_ Filter, ok bool) {
	if c.May(ReadRequests) {
		return f, true
	}
	ok = f.Email == "" || f.Email == c.Email
	f.Email, f.Owner = c.Email, c.AccountID
	return f, ok
}

// Sees says whether the caller may see what the account submitted.
func (c Caller) Sees(requesterID int64) bool {
	return c.May(ReadRequests) || requesterID == c.AccountID
}
