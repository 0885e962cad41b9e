package web

import (
	"context"
	"fmt"
	"strings"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

// transferRequest transfers a request to another owner. Afterwards the caller may no longer see it.
func (s *site) transferRequest(c *call) error {
	id, owner, err := c.transfer(s.ca.Transfer)
	if err != nil {
		return c.again(err, s.requestPage)
	}
	path := requestPath(id)
	if _, err := s.ca.Request(c.r.Context(), c.caller, id); err != nil {
		path = "/requests"
	}
	return c.done(path, fmt.Sprintf("Request %d and its certificates now belong to %s.", id, owner))
}

// transferCertificate is like transferRequest for a certificate without a request.
func (s *site) transferCertificate(c *call) error {
	id, owner, err := c.transfer(s.ca.TransferCertificate)
	if err != nil {
		return c.again(err, s.certificatePage)
	}
	path := certificatePath(id)
	if _, err := s.ca.Certificate(c.r.Context(), c.caller, id); err != nil {
		path = "/certificates"
	}
	return c.done(path, fmt.Sprintf("Certificate %d now belongs to %s.", id, owner))
}

// transfer transfers the object of the call to the owner entered in the form, and returns the object's ID and the
// owner.
func (c *call) transfer(do func(context.Context, notary.Caller, int64, ca.NewOwner) error) (id int64, owner string,
	err error) {
	if id, err = c.id(); err != nil {
		return 0, "", err
	}
	if owner = strings.TrimSpace(c.value("owner")); owner == "" {
		return id, "", notary.FieldErrorf("owner", "enter the email address of an account or the name of a group")
	}
	return id, owner, do(c.r.Context(), c.caller, id, ca.OwnerNamed(owner))
}

// TransferField returns the field for the new owner.
func (f forms) TransferField() page.Field {
	return f.At("transfer").Input("text", "owner", "New owner").With("Email address of an account, or name of a group.")
}
