for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $kind;"; done > paths
cat > nginx.conf <<END
pid nginx.pid;
error_log error.log;
events {}
http { include paths; access_log off; include *.example.com.conf; }
END
nginx -p . -c nginx.conf
trap 'nginx -p . -c nginx.conf -s stop; while [ -e nginx.pid ]; do sleep 0.1; done' EXIT # it stops in the background
