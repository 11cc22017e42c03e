# Stands in for gcr.io/distroless/cc-debian12:nonroot: the same Debian packages, unpacked into an empty file system.
# Like the original it has no shell and no package manager, and one file a package tells scanners what is there.
# It lacks the home folder of the user nonroot.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE} AS packages
WORKDIR /packages
RUN apt-get update \
 && apt-get download base-files ca-certificates libc6 libgcc-s1 libgomp1 libssl3 libstdc++6 netbase tzdata \
 && mkdir -p /rootfs/var/lib/dpkg/status.d /rootfs/tmp \
 && for package in *.deb; do \
      dpkg-deb --extract "$package" /rootfs \
   && dpkg-deb --field "$package" > "/rootfs/var/lib/dpkg/status.d/${package%%_*}" || exit; \
    done \
 && rm -rf /rootfs/usr/share/doc /rootfs/usr/share/man \
 && cat /rootfs/usr/share/ca-certificates/mozilla/*.crt > /rootfs/etc/ssl/certs/ca-certificates.crt \
 && printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > /rootfs/etc/passwd \
 && printf 'root:x:0:\nnonroot:x:65532:\n' > /rootfs/etc/group \
 && chmod 1777 /rootfs/tmp

FROM scratch
COPY --from=packages /rootfs /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
