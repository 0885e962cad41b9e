package notary_test

import (
	"testing"

	"notary"
)

func TestForbiddenNamesTheRoles(t *testing.T) {
	t.Parallel()
	caller := notary.Caller{AccountID: 1, Role: notary.ReadOnly}
	for permission, want := range map[notary.Permission]string{
		notary.DecideRequests: "the role Read Only does not have permission to decide on certificate requests, " +
			"which requires the role Admin or Certificate Manager: ask an Admin",
		notary.ManageAccounts: "the role Read Only does not have permission to manage accounts, " +
			"which requires the role Admin: ask an Admin",
	} {
		err := caller.Require(permission)
		if notary.KindOf(err) != notary.Forbidden || err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	if err := caller.Require(notary.ReadRequests); err != nil {
		t.Error(err)
	}
}
