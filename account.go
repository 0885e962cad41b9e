package notary

import (
	"slices"
	"time"
)

// Role determines the permissions of an [Account]. Its values are part of the API.
type Role int

const (
	Admin                Role = 0
	CertificateManager   Role = 1
	CertificateRequestor Role = 2
	ReadOnly             Role = 3

	NoRole Role = -1 // of an API token, which has grants instead
)

// Roles lists the roles that an account can have.
var Roles = []Role{Admin, CertificateManager, CertificateRequestor, ReadOnly}

// Valid reports whether r is one of [Roles].
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
	case NoRole:
		return "no role"
	default:
		return "unknown role"
	}
}

// Permission is an operation that a role may perform.
type Permission int

const (
	ReadOwnRequests    Permission = iota // view one's own requests and certificates
	ReadRequests                         // view everyone's requests and certificates
	CreateRequests                       // submit requests
	DecideRequests                       // perform any action on any request, such as sign, revoke, transfer or delete
	ReadAuthorities                      // view authorities
	ManageAuthorities                    // create, import, sign, change, revoke and delete authorities
	RevokeCertificates                   // revoke any certificate of the inventory
	ManageAccounts                       // manage accounts, groups, grants and all API tokens
	ListProfiles                         // list profiles
	ReadProfiles                         // view a profile's rules and earlier versions, and test a profile
	ManageProfiles                       // create, change and delete profiles
	ReadEvents                           // view the audit log, except the events of [AccountEventKinds]
	ReadSettings                         // view the server's settings
	CertifyOutsideKeys                   // certify the keys of imported authorities
	ConfirmClock                         // confirm the server's clock after it jumped
	ReadRules                            // view rules and test them
	ManageRules                          // create, change and delete rules, without activating them
	ActivateRules                        // activate and deactivate rules
)

var permissions = map[Role][]Permission{
	Admin: {ReadOwnRequests, ReadRequests, CreateRequests, DecideRequests, ReadAuthorities,
		ManageAuthorities, RevokeCertificates, ManageAccounts, ListProfiles, ReadProfiles, ManageProfiles,
		ReadEvents, ReadSettings, CertifyOutsideKeys, ConfirmClock, ReadRules, ManageRules, ActivateRules},
	CertificateManager: {ReadOwnRequests, ReadRequests, CreateRequests, DecideRequests,
		ReadAuthorities, ManageAuthorities, RevokeCertificates, ListProfiles, ReadProfiles, ManageProfiles, ReadEvents,
		ReadRules, ManageRules},
	CertificateRequestor: {ReadOwnRequests, CreateRequests, ListProfiles},
	ReadOnly: {ReadOwnRequests, ReadRequests, ReadAuthorities, ListProfiles, ReadProfiles, ReadEvents,
		ReadRules},
}

// Account is a user who can log in.
type Account struct {
	ID        int64
	Email     string // lower case
	Role      Role
	CreatedAt time.Time
}

// Caller returns the account as the principal of a call.
func (a *Account) Caller() Caller {
	return Caller{Principal: Ref{AccountPrincipal, a.ID, a.Email}, Role: a.Role}
}

// Caller is the principal of a call, with its role. Package auth authenticates it; package policy authorizes it.
type Caller struct {
	Principal Ref // with its name in full; zero for an unauthenticated client
	Role      Role
	Address   string // client IP address; "" for the program itself
	RequestID string // X-Request-Id of the call; "" for the program itself
	SessionID int64  // 0 for an API token and for the program itself
	Protocol  string // [APIProtocol] or [WebProtocol]; "" for the program itself

	Token *TokenRights // set for an API token, whose Role is [NoRole]; nil for other principals
}

// The values of [Caller.Protocol].
const (
	APIProtocol = "api"
	WebProtocol = "web"
)

// SystemCaller is the caller for the program's own work, such as periodic jobs.
var SystemCaller = Caller{Principal: Ref{Kind: SystemPrincipal, Name: "system"}}

// Known reports whether the caller is an authenticated account or API token.
func (c Caller) Known() bool { return c.Principal.ID != 0 }

// May reports whether the caller's role grants p. An API token has no role: see package policy.
func (c Caller) May(p Permission) bool {
	if !c.Known() {
		return false
	}
	return slices.Contains(permissions[c.Role], p)
}

// RolesWith returns the roles that grant p.
func RolesWith(p Permission) []Role {
	return slices.DeleteFunc(slices.Clone(Roles), func(r Role) bool { return !slices.Contains(permissions[r], p) })
}
