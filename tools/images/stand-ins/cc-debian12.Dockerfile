# Stands in for gcr.io/distroless/cc-debian12:nonroot: the same Debian packages, unpacked into an empty file system.
# Like the original it has no shell and no package manager, and one file a package tells scanners what is there.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE} AS packages
WORKDIR /packages
RUN apt-get update \
 && apt-get download base-files ca-certificates libc6 libgcc-s1 libgomp1 libssl3 libstdc++6 netbase tzdata \
 && mkdir -p /root-fs/var/lib/dpkg/status.d /root-fs/tmp /root-fs/home/nonroot \
 && for package in *.deb; do \
      dpkg-deb --extract "$package" /root-fs \
   && dpkg-deb --field "$package" > "/root-fs/var/lib/dpkg/status.d/${package%%_*}" || exit; \
    done \
 && rm -rf /root-fs/usr/share/doc /root-fs/usr/share/man \
 && cp -r /etc/ssl/certs /root-fs/etc/ssl/ \
 && printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' > /root-fs/etc/passwd \
 && printf 'root:x:0:\nnonroot:x:65532:\n' > /root-fs/etc/group \
 && chmod 1777 /root-fs/tmp && chown 65532:65532 /root-fs/home/nonroot

FROM scratch
COPY --from=packages /root-fs /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
WORKDIR /home/nonroot
