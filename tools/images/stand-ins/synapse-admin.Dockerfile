# Stands in for docker.io/awesometechnologies/synapse-admin: nginx on port 80 with one page in place of the program, which
# comes from no package registry. As the original it starts as root and writes to /run and /var/cache/nginx alone.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
# Debian keeps the newest version of a package only, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends nginx-light wget \
 && rm -rf /var/lib/apt/lists/* /var/cache/nginx \
 && mkdir /var/cache/nginx \
 && printf '%s\n' 'user www-data; pid /run/nginx.pid; error_log /dev/stderr; events {}' \
      'http { access_log /dev/stdout; client_body_temp_path /var/cache/nginx/body; proxy_temp_path /var/cache/nginx/proxy;' \
      'fastcgi_temp_path /var/cache/nginx/fastcgi; uwsgi_temp_path /var/cache/nginx/uwsgi;' \
      'scgi_temp_path /var/cache/nginx/scgi; server { listen 80; root /var/www/html; } }' > /etc/nginx/nginx.conf \
 && printf '<!doctype html><title>Synapse Admin</title><p>Stand-in for Synapse Admin\n' > /var/www/html/index.html
CMD ["nginx", "-g", "daemon off;"]
