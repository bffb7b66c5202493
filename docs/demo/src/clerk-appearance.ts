/** Gives Clerk's own components the colours of this page. */
export function toClerkAppearance(isDark: boolean) {
  const colors = isDark
    ? { colorPrimary: '#8f9bff', colorBackground: '#171b23', colorText: '#e8ebf1', colorTextSecondary: '#a3acbb' }
    : { colorPrimary: '#4450c9', colorBackground: '#ffffff', colorText: '#171a21', colorTextSecondary: '#5a6372' }
  return {
    variables: {
      ...colors,
      colorTextOnPrimaryBackground: isDark ? '#10131a' : '#ffffff',
      colorInputBackground: isDark ? '#10141b' : '#ffffff',
      colorInputText: colors.colorText,
      colorNeutral: isDark ? '#ffffff' : '#000000',
      borderRadius: '0.5rem',
      fontFamily: 'inherit',
    },
    elements: {
      rootBox: { width: '100%' },
      cardBox: { width: '100%', maxWidth: '100%', boxShadow: 'none', border: 'none' },
      card: { boxShadow: 'none', border: 'none', padding: '1.25rem 1.25rem 1rem' },
      footerAction: { display: 'none' },
    },
  }
}
