notary account create --first --email admin@example.com
notary authority create --root --common-name 'Example Root'
notary authority create --issuer 'Example Root' --common-name 'Example Issuing' --path-length 0
