package db

// On SQLite one transaction runs at a time. On PostgreSQL transactions run concurrently (READ COMMITTED). What a
// transaction relies on is kept true until its commit in one of three ways: by a condition of the UPDATE that acts on
// it, by a constraint, or by a lock taken before reading. Transactions that change an object lock it exclusively; those
// that only rely on it share the lock.

// LockClass is a class of objects that transactions lock. Classes are numbered from 1.
type LockClass int64

// LockShared waits for exclusive holders of the lock, and holds it shared until the end of the transaction.
func (tx *Tx) LockShared(class LockClass, id int64) error {
	return tx.lock(`SELECT pg_advisory_xact_lock_shared($1)`, false, class, id)
}

// Lock waits for all other holders of the lock, and holds it exclusively until the end of the transaction.
func (tx *Tx) Lock(class LockClass, id int64) error {
	return tx.lock(`SELECT pg_advisory_xact_lock($1)`, true, class, id)
}

func (tx *Tx) lock(text string, exclusive bool, class LockClass, id int64) error {
	lock := int64(class)<<56 | id&(1<<56-1)
	if held, taken := tx.locks[lock]; tx.alone || taken && (held || !exclusive) {
		return nil
	}
	if tx.locks == nil {
		tx.locks = map[int64]bool{}
	}
	tx.locks[lock] = exclusive
	return tx.Later(text, lock) // sent before the next read
}
