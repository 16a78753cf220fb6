package auth

// Note counts a failure, as a wrong secret does.
func (l *Limits) Note(id ClientID, address string) { l.failed(id, address) }

// Size is how many entries are kept.
func (l *Limits) Size() int {
	return len(l.fails.young) + len(l.fails.old) + len(l.usual.young) + len(l.usual.old)
}
