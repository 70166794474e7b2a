// Package lru keeps the most recently used entries and forgets the rest.
package lru

import "container/list"

// Cache is a bounded map with least-recently-used eviction. It is not safe for concurrent use.
type Cache struct {
	limit int
	order *list.List
	items map[string]*list.Element
}

type entry struct {
	key   string
	value []byte
}

// New returns an empty cache that holds at most limit entries.
func New(limit int) *Cache {
	return &Cache{limit: limit, order: list.New(), items: map[string]*list.Element{}}
}

// Get returns the value of key and moves it to the front.
func (c *Cache) Get(key string) ([]byte, bool) {
	if e, ok := c.items[key]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*entry).value, true
	}
	return nil, false
}

// Put stores a value and drops the entry that was not used for the longest time.
func (c *Cache) Put(key string, value []byte) {
	if e, ok := c.items[key]; ok {
		e.Value.(*entry).value = value
		c.order.MoveToFront(e)
		return
	}
	c.items[key] = c.order.PushFront(&entry{key, value})
	if c.order.Len() > c.limit {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.items, last.Value.(*entry).key)
	}
}
