package publish

import "sync"

// door lets new uploads begin. While a refusal is looked into it is held: it may turn out to be none, and then they go on. After a
// final one it is shut.
type door struct {
	mu      sync.Mutex
	changed sync.Cond // on mu
	held    int
	shut    bool
}

func newDoor() *door {
	d := &door{}
	d.changed.L = &d.mu
	return d
}

// hold keeps new uploads waiting until release is called.
func (d *door) hold() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held++
}

// release ends one hold; for good tells that no new upload may begin at all.
func (d *door) release(held, forGood bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if held {
		d.held--
	}
	d.shut = d.shut || forGood
	d.changed.Broadcast()
}

// pass waits until it is known whether a new upload may begin.
func (d *door) pass() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.held > 0 && !d.shut {
		d.changed.Wait()
	}
	return !d.shut
}

// isShut tells that no new upload may begin.
func (d *door) isShut() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shut
}
