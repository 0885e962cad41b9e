package store_test

import "notary/internal/store/storetest"

var (
	open           = storetest.Open
	openAt         = storetest.OpenAt
	write          = storetest.Write
	creation       = storetest.Creation
	insertRequest  = storetest.InsertRequest
	newRequest     = storetest.NewRequest
	getRequest     = storetest.GetRequest
	newAuthority   = storetest.NewAuthority
	getAuthority   = storetest.GetAuthority
	newCertificate = storetest.NewCertificate
	activate       = storetest.Activate
	newAccount     = storetest.NewAccount
	insertAccount  = storetest.InsertAccount
	lives          = storetest.Lives
	newProfile     = storetest.NewProfile
	wholeDatabase  = storetest.WholeDatabase
	reopen         = storetest.Reopen
	copyOf         = storetest.CopyOf
)
