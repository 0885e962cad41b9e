package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var assetFiles embed.FS

// assets holds the style sheet, the scripts and the icon. Their URLs contain a digest of the content, so that browsers
// can cache them forever.
type assets struct {
	urls   map[string]string // by file name
	bodies map[string]asset  // by the name in the URL
}

type asset struct {
	contentType       string
	plain, compressed []byte
}

var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml"}

// loadAssets reads and compresses the assets on first use.
var loadAssets = sync.OnceValue(func() *assets {
	a := &assets{map[string]string{}, map[string]asset{}}
	names, _ := fs.Glob(assetFiles, "assets/*") // the pattern is well-formed
	for _, name := range names {
		plain, err := assetFiles.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		digest := sha256.Sum256(plain)
		extension := path.Ext(name)
		base := strings.TrimSuffix(path.Base(name), extension)
		served := base + "-" + hex.EncodeToString(digest[:6]) + extension
		a.urls[path.Base(name)] = "/assets/" + served
		a.bodies[served] = asset{contentTypes[extension], plain, compress(plain)}
	}
	return a
})

func compress(plain []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = w.Write(plain)                                   // a Buffer returns no error
	_ = w.Close()
	return out.Bytes()
}

func assetURL(name string) (string, error) {
	url, ok := loadAssets().urls[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return url, nil
}

// ServeAsset serves the asset whose name is the path value "name".
func ServeAsset(w http.ResponseWriter, r *http.Request) {
	SetHeaders(w.Header())
	found, ok := loadAssets().bodies[r.PathValue("name")]
	if !ok {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", found.contentType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Vary", "Accept-Encoding")
	body := found.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = found.compressed
	}
	_, _ = w.Write(body) // the browser may be gone
}
