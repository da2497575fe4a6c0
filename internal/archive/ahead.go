package archive

// severalBlocks is the size, in bytes, of members whose content comes in several blocks for sure.
const severalBlocks = 384 << 10

// ahead unpacks one block while the block before it is looked at. Its zero value has nothing.
type ahead struct {
	from   blocks // what it returns must be valid until the next but one is asked for
	start  func(do func()) (wait func() error)
	failed *faults // gets what no archive explains

	wait  func() error // for the next block; nil if nobody unpacks it
	block []byte
	err   error
}

// Next returns the next block.
func (a *ahead) Next() ([]byte, error) {
	switch {
	case a.wait != nil:
		a.stop()
	case a.err != nil:
		return nil, a.err
	default:
		a.block, a.err = a.from.Next()
	}
	block, err := a.block, a.err
	if err == nil {
		a.wait = a.start(func() { a.block, a.err = a.from.Next() })
	}
	return block, err
}

// stop waits until nobody unpacks.
func (a *ahead) stop() {
	if a.wait == nil {
		return
	}
	if err := a.wait(); err != nil {
		a.block, a.err = nil, err
		a.failed.record(err)
	}
	a.wait = nil
}
