package server

// ConnectionLimits limits the open connections of a listener.
type ConnectionLimits struct {
	Total      int
	Unknown    int // of clients without a valid session or token
	PerAddress int // per IPv4 address or IPv6 /64
}

// Bounds for the result of [ShareDescriptors].
const (
	maxConnections        = 16384
	maxUnknownConnections = 768 // each takes up to 100 KiB of memory in a TLS handshake
	maxAddressConnections = 512
	minReserve            = 64   // minimum number of file descriptors not used for connections
	maxReserve            = 1024 // maximum number of these
)

// ShareDescriptors divides the file descriptors of the process between its listeners and returns the limits for each.
// It reserves a quarter, from 64 to 1,024, for the database, files and outgoing connections. It raises the soft limit
// to the hard limit.
func ShareDescriptors(listeners int) ConnectionLimits {
	return shareDescriptors(descriptorLimit(), listeners)
}

func shareDescriptors(descriptors, listeners int) ConnectionLimits {
	reserve := min(max(descriptors/4, minReserve), maxReserve)
	total := min(max((descriptors-reserve)/listeners, 16), maxConnections)
	return ConnectionLimits{
		Total:      total,
		Unknown:    min(total*3/4, maxUnknownConnections),
		PerAddress: min(total/4, maxAddressConnections),
	}
}
