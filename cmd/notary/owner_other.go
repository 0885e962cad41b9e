//go:build !unix

package main

// isWrittenByUser reports that nobody knows who can write a file: a certificate is then confirmed by a person.
func isWrittenByUser(string) bool { return false }
